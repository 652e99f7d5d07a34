import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atExit } from './at-exit.ts';

/** A directory for a server's data: the one given, kept; else a new one, removed by `remove` or when the process ends. */
export function dataDir(given: string | undefined, prefix: string): { readonly path: string; remove(): void } {
  if (given !== undefined) {
    mkdirSync(given, { recursive: true });
    return { path: given, remove: () => undefined };
  }
  const path = mkdtempSync(join(tmpdir(), prefix));
  const remove = (): void => rmSync(path, { recursive: true, force: true, maxRetries: 3 });
  const forget = atExit(remove);
  return {
    path,
    remove() {
      forget();
      remove();
    },
  };
}
