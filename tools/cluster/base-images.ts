import { cpSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildOnce, CACHE } from '../local/build-once.ts';
import { longStep } from '../local/run.ts';
import { buildImage, hasImage } from './build-image.ts';
import { ensureTools } from './host.ts';
import { REPOSITORY } from './layout.ts';
import { stdoutOf } from './stdout.ts';

/** Images to build on: `runtime` has Node, `build` has npm too. */
export interface Bases {
  readonly runtime: string;
  readonly build: string;
}

export const PUBLIC_BASE = 'docker.io/library/node:22-bookworm-slim';
const SUITE = 'bookworm';
const NODE = join(REPOSITORY, 'node_modules/node/bin/node');

/**
 * The public Node image where it can be pulled; else stand-ins made of Debian's packages, the Node of the npm package
 * `node`, and the host's npm.
 */
export async function nodeBases(): Promise<Bases> {
  if ((await stdoutOf('buildah', ['pull', '--policy', 'missing', PUBLIC_BASE])) !== null) {
    return { runtime: PUBLIC_BASE, build: PUBLIC_BASE };
  }
  console.error(`${PUBLIC_BASE} cannot be pulled here: building stand-ins for it from Debian and npm packages`);
  const version = (await stdoutOf(NODE, ['--version']))?.slice(1);
  const npm = await stdoutOf('npm', ['root', '--global']);
  if (!version || !npm) throw new Error("the npm package `node` or the host's npm is missing: npm ci");
  const runtime = `localhost/node-base:${version}`;
  const build = `localhost/node-build-base:${version}`;
  const debian = await debianBase();
  await makeOnce(runtime, `FROM ${debian}\nCOPY node /usr/local/bin/node\n`, context => {
    cpSync(NODE, join(context, 'node'));
  });
  const link = 'ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm';
  await makeOnce(build, `FROM ${runtime}\nCOPY npm /usr/local/lib/node_modules/npm\nRUN ${link}\n`, context => {
    cpSync(join(npm, 'npm'), join(context, 'npm'), { recursive: true, dereference: true });
  });
  return { runtime, build };
}

const DEBIAN_IMAGE = `localhost/debian-base:${SUITE}`;
const DEBIAN_TAR = join(CACHE, `debian-${SUITE}.tar`);

/** True if {@link debianBase} fetches nothing. */
export async function hasDebianBase(): Promise<boolean> {
  return existsSync(DEBIAN_TAR) || (await hasImage(DEBIAN_IMAGE));
}

/** A minimal Debian with the C++ runtime. Its packages are fetched once and kept in `.cache`. */
export async function debianBase(): Promise<string> {
  if (await hasImage(DEBIAN_IMAGE)) return DEBIAN_IMAGE;
  await buildOnce(
    'debian-base',
    () => existsSync(DEBIAN_TAR),
    () => bootstrap(),
  );
  await makeOnce(DEBIAN_IMAGE, 'FROM scratch\nADD root.tar /\nCMD ["/bin/sh"]\n', context => {
    cpSync(DEBIAN_TAR, join(context, 'root.tar'));
  });
  return DEBIAN_IMAGE;
}

async function bootstrap(): Promise<void> {
  await ensureTools([{ program: 'debootstrap', debian: 'debootstrap' }]);
  const root = `${DEBIAN_TAR}.root`;
  rmSync(root, { recursive: true, force: true });
  const args = ['--variant=minbase', '--include=libstdc++6', SUITE, root, ...(await mirror())];
  await longStep('making a minimal Debian', 'debootstrap', args, { note: 'once, about 90 s' });
  const unused = [
    'var/cache/apt',
    'var/lib/apt/lists',
    'var/log',
    'usr/share/doc',
    'usr/share/man',
    'usr/share/locale',
  ];
  const exclude = unused.map(path => `--exclude=./${path}/*`);
  const made = ['--numeric-owner', '--one-file-system', ...exclude, '--exclude=./dev/*', '--exclude=./proc/*'];
  await longStep('packing it', 'tar', [...made, '-C', root, '-cf', `${DEBIAN_TAR}.making`, '.']);
  rmSync(root, { recursive: true, force: true });
  renameSync(`${DEBIAN_TAR}.making`, DEBIAN_TAR);
}

/** The mirror this host installs from, if it carries the suite; none leaves the choice to debootstrap. */
async function mirror(): Promise<string[]> {
  const targets = await stdoutOf('apt-get', [
    'indextargets',
    '--format',
    '$(RELEASE) $(REPO_URI)',
    'Created-By: Packages',
  ]);
  const line = targets?.split('\n').find(each => each.startsWith(`${SUITE} `));
  return line?.split(' ').slice(1, 2) ?? [];
}

/** Builds a base that buildah does not have yet. @param fill puts the files it is made of into the build context */
async function makeOnce(image: string, dockerfile: string, fill: (context: string) => void): Promise<void> {
  if (await hasImage(image)) return;
  const context = mkdtempSync(join(CACHE, 'context-'));
  try {
    fill(context);
    await buildImage(image, context, dockerfile);
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}
