import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeBases } from './base-images.ts';
import { buildImage, imageId } from './build-image.ts';
import { ensureTools, IMAGE_TOOLS } from './host.ts';
import { REPOSITORY } from './layout.ts';
import { stdoutOf } from './stdout.ts';

export const CHAT_IMAGE = 'localhost/chatcluster:dev';

/**
 * Builds the image of gateway, worker and operator from this checkout, as the Dockerfile says.
 * @returns a second name of it that changes with its content, so that whoever runs an older one is rolled
 */
export async function buildChatImage(): Promise<string> {
  await ensureTools(IMAGE_TOOLS);
  const bases = await nodeBases();
  const args = { BASE: bases.runtime, BUILD_BASE: bases.build };
  await buildImage(CHAT_IMAGE, REPOSITORY, readFileSync(join(REPOSITORY, 'Dockerfile'), 'utf8'), [
    '--ignorefile',
    join(REPOSITORY, '.dockerignore'),
    ...Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
    ...(await secrets()),
  ]);
  const named = `${CHAT_IMAGE}-${(await imageId(CHAT_IMAGE)).slice(0, 12)}`;
  await stdoutOf('buildah', ['tag', CHAT_IMAGE, named]);
  return named;
}

/** The host's way to its npm registry, for the build alone: no layer keeps it. */
async function secrets(): Promise<string[]> {
  const npmrc = await stdoutOf('npm', ['config', 'get', 'userconfig']);
  const files = { npmrc, ca: process.env['NODE_EXTRA_CA_CERTS'] };
  return Object.entries(files).flatMap(([id, file]) =>
    file && existsSync(file) ? ['--secret', `id=${id},src=${file}`] : [],
  );
}
