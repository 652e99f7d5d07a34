import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { longStep } from '../local/run.ts';
import { stdoutOf } from './stdout.ts';

/** No daemon and no further namespaces: it works where containers cannot be nested. Layers that did not change are kept. */
const BUD = ['bud', '--isolation', 'chroot', '--layers', '--pull-never'];

/** Builds `name` from a Dockerfile's text. @param extra further arguments of `buildah bud` */
export async function buildImage(
  name: string,
  context: string,
  dockerfile: string,
  extra: readonly string[] = [],
): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'chatcluster-dockerfile-'));
  try {
    const file = join(dir, 'Dockerfile');
    writeFileSync(file, dockerfile);
    await longStep(`building the image ${name}`, 'buildah', [...BUD, ...extra, '--tag', name, '--file', file, context]);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** True if buildah has an image of that name. */
export async function hasImage(name: string): Promise<boolean> {
  return (await stdoutOf('buildah', ['inspect', '--type', 'image', name])) !== null;
}

/** Identifies what is in an image of buildah's. @throws without such an image */
export async function imageId(name: string): Promise<string> {
  const id = await stdoutOf('buildah', ['inspect', '--type', 'image', '--format', '{{.FromImageID}}', name]);
  if (!id) throw new Error(`buildah has no image ${name}`);
  return id;
}
