import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildOnce, CACHE } from './build-once.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');

/**
 * Takes the sources of a commit from git, once. They find their packages in the `node_modules` of this checkout.
 * @returns the folder @throws {Error} that says what to do when this clone does not have the commit
 */
export async function sourcesOf(commit: string): Promise<string> {
  const folder = join(CACHE, 'base', commit);
  await buildOnce(
    `base-${commit}`,
    () => existsSync(folder),
    async () => {
      await run('git', ['cat-file', '-e', `${commit}^{commit}`], { cwd: ROOT }).catch((cause: unknown) => {
        const hint = 'clone with the whole history, or fetch it: git fetch --unshallow';
        throw new Error(`commit ${commit} is not in this clone: ${hint}`, { cause });
      });
      const made = `${folder}.${process.pid}`;
      mkdirSync(made, { recursive: true });
      const archive = `${made}.tar`;
      await run('git', ['archive', '--output', archive, commit], { cwd: ROOT });
      await run('tar', ['-xf', archive, '-C', made]);
      rmSync(archive);
      renameSync(made, folder);
    },
  );
  return folder;
}
