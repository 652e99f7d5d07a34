import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { nodeBases } from './base-images.ts';
import { buildImage, hasImage } from './build-image.ts';
import { ensureTools, IMAGE_TOOLS } from './host.ts';
import { REPOSITORY } from './layout.ts';
import { stdoutOf } from './stdout.ts';

export const CHAT_IMAGE = 'localhost/chatcluster:dev';

/** Files the Dockerfile copies, and itself. */
const INPUTS = [
  'Dockerfile',
  '.dockerignore',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  '{operator,server,client}/**',
  'web/{*,src/**}',
];

/** Name of the image of this checkout. It changes with the content, so that a cluster that runs an older one is rolled. */
export function chatImageName(): string {
  return `${CHAT_IMAGE}-${hashOfInputs()}`;
}

/** True if buildah has the image of this checkout. */
export function chatImageIsBuilt(): Promise<boolean> {
  return hasImage(chatImageName());
}

/**
 * Builds the image of gateway, worker and operator from this checkout, as the Dockerfile says, unless it is there.
 * @returns its {@link chatImageName}
 */
export async function buildChatImage(): Promise<string> {
  await ensureTools(IMAGE_TOOLS);
  const named = chatImageName();
  if (!(await hasImage(named))) {
    await build(named);
    await removeOthers(named);
  }
  await stdoutOf('buildah', ['tag', named, CHAT_IMAGE]);
  return named;
}

async function build(named: string): Promise<void> {
  const bases = await nodeBases();
  const args = { BASE: bases.runtime, BUILD_BASE: bases.build };
  await buildImage(named, REPOSITORY, readFileSync(join(REPOSITORY, 'Dockerfile'), 'utf8'), [
    '--ignorefile',
    join(REPOSITORY, '.dockerignore'),
    ...Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
    ...(await secrets()),
  ]);
}

/** Images of earlier contents would fill the disk. Their layers that serve the next build stay. */
async function removeOthers(named: string): Promise<void> {
  const images = (await stdoutOf('buildah', ['images', '--format', '{{.Name}}:{{.Tag}}']))?.split('\n') ?? [];
  const others = images.filter(image => image.startsWith(`${CHAT_IMAGE}-`) && image !== named);
  if (others.length > 0) await stdoutOf('buildah', ['rmi', ...others]);
}

function hashOfInputs(): string {
  const hash = createHash('sha256');
  for (const file of globSync(INPUTS, { cwd: REPOSITORY }).sort()) {
    const path = join(REPOSITORY, file);
    if (statSync(path).isFile()) hash.update(`${file}\n`).update(readFileSync(path));
  }
  return hash.digest('hex').slice(0, 12);
}

/** The host's way to its npm registry, for the build alone: no layer keeps it. */
async function secrets(): Promise<string[]> {
  const npmrc = await stdoutOf('npm', ['config', 'get', 'userconfig']);
  const files = { npmrc, ca: process.env['NODE_EXTRA_CA_CERTS'] };
  return Object.entries(files).flatMap(([id, file]) =>
    file && existsSync(file) ? ['--secret', `id=${id},src=${file}`] : [],
  );
}
