import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stdoutOf } from '../../../tools/cluster/stdout.ts';
import { buildOnce, CACHE } from '../../../tools/local/build-once.ts';
import { longStep, outputOf } from '../../../tools/local/run.ts';

/**
 * Path of an nginx: the one on PATH, else that of Debian's package, unpacked into `.cache/nginx`. Installed, the package
 * would start a server on port 80.
 * @throws where there is neither
 */
export async function nginxBinary(): Promise<string> {
  if ((await outputOf('nginx', ['-v'])) !== null) return 'nginx';
  const dir = join(CACHE, 'nginx');
  const binary = join(dir, 'usr/sbin/nginx');
  await buildOnce(
    'nginx',
    () => existsSync(binary),
    () => unpack(dir),
  );
  return binary;
}

async function unpack(dir: string): Promise<void> {
  const building = `${dir}.building`;
  rmSync(building, { recursive: true, force: true });
  mkdirSync(building, { recursive: true });
  const download = ['-c', 'cd "$0" && apt-get download -q nginx', building];
  if ((await stdoutOf('sh', download)) === null) {
    await longStep('reading the lists of Debian packages', 'apt-get', ['update', '-q']);
    await longStep('fetching nginx', 'sh', download);
  }
  const [archive] = readdirSync(building).filter(name => name.endsWith('.deb'));
  await longStep('unpacking nginx', 'dpkg', ['--extract', join(building, archive ?? ''), building]);
  renameSync(building, dir);
}
