import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildOnce, CACHE } from './build-once.ts';
import { GO_BUILD } from './go-build.ts';
import { longStep, outputOf } from './run.ts';

export const NATS_VERSION = '2.15.2';
const OLDEST = [2, 12] as const;

/** True if the line of `nats-server --version` names a release with everything the streams need. Pure. */
export function recentEnough(versionLine: string): boolean {
  const match = /v(\d+)\.(\d+)\./.exec(versionLine);
  if (!match) return false;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

const BUILT = join(CACHE, 'bin', `nats-server-${NATS_VERSION}`);

/** True if {@link natsBinary} has nothing to build. */
export async function natsIsThere(): Promise<boolean> {
  return existsSync(BUILT) || (await onPath());
}

async function onPath(): Promise<boolean> {
  const version = await outputOf('nats-server', ['--version']);
  return version !== null && recentEnough(version);
}

/** Path of a nats-server of at least 2.12: the one on PATH, else one built from its Go module into `.cache/bin`. */
export async function natsBinary(): Promise<string> {
  if (await onPath()) return 'nats-server';
  await buildOnce(
    'nats-server',
    () => existsSync(BUILT),
    async () => {
      const gobin = join(CACHE, 'bin', 'building');
      mkdirSync(gobin, { recursive: true });
      await longStep(
        `building nats-server ${NATS_VERSION} from source`,
        'go',
        ['install', ...GO_BUILD.flags, `github.com/nats-io/nats-server/v2@v${NATS_VERSION}`],
        { env: { ...GO_BUILD.env, GOBIN: gobin }, note: 'once, under a minute' },
      );
      renameSync(join(gobin, 'nats-server'), BUILT);
      rmSync(gobin, { recursive: true });
    },
  );
  return BUILT;
}
