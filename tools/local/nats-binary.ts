import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildOnce, CACHE } from './build-once.ts';
import { longStep, outputOf } from './run.ts';

export const NATS_VERSION = '2.15.2';
const OLDEST = [2, 12] as const;

/** Whether `nats-server --version` names a release with everything the streams need. Pure. */
export function recentEnough(versionLine: string): boolean {
  const match = /v(\d+)\.(\d+)\./.exec(versionLine);
  if (!match) return false;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

/** Path of a nats-server of at least 2.12: the one on PATH, else one built from its Go module into `.cache/bin`. */
export async function natsBinary(): Promise<string> {
  const onPath = await outputOf('nats-server', ['--version']);
  if (onPath !== null && recentEnough(onPath)) return 'nats-server';
  const binary = join(CACHE, 'bin', `nats-server-${NATS_VERSION}`);
  await buildOnce(
    'nats-server',
    () => existsSync(binary),
    async () => {
      const gobin = join(CACHE, 'bin', 'building');
      mkdirSync(gobin, { recursive: true });
      await longStep(
        `building nats-server ${NATS_VERSION} from source (once, under a minute)`,
        'go',
        ['install', '-trimpath', '-ldflags=-s -w', `github.com/nats-io/nats-server/v2@v${NATS_VERSION}`],
        { env: { GOBIN: gobin, CGO_ENABLED: '0' } },
      );
      renameSync(join(gobin, 'nats-server'), binary);
      rmSync(gobin, { recursive: true });
    },
  );
  return binary;
}
