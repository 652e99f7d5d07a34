import { readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Content by file name. A missing file has no entry. */
export type Files = ReadonlyMap<string, string>;

/** Symbolic link that the kubelet swaps to replace all files of a projected volume at once. */
const DATA = '..data';

/** A directory whose files are replaced while the process runs: a projected volume, or a plain directory. */
export class SettingsDirectory {
  readonly #path: string;
  readonly #names: readonly string[];
  #link = '';
  #last = '';

  /** @param names the files to read; others are ignored */
  constructor(path: string, names: readonly string[]) {
    this.#path = path;
    this.#names = names;
  }

  /**
   * Reads the files, all of one generation. Costs one system call on a projected volume that has not changed.
   * @returns null if nothing has changed since the last call that resolved
   * @throws {Error} if a file exists and cannot be read
   */
  async read(): Promise<Files | null> {
    for (;;) {
      const link = await linkOf(join(this.#path, DATA));
      if (link !== '' && link === this.#link) return null;
      const files = await this.#readAll(join(this.#path, link));
      // The kubelet removes the old generation: a file that was not found may exist in the new one.
      if ((await linkOf(join(this.#path, DATA))) !== link) continue;
      const content = JSON.stringify([...files]);
      const changed = content !== this.#last;
      this.#link = link;
      this.#last = content;
      return changed ? files : null;
    }
  }

  async #readAll(folder: string): Promise<Files> {
    const files = new Map<string, string>();
    for (const name of this.#names) {
      const text = await readFile(join(folder, name), 'utf8').catch(absent);
      if (text !== undefined) files.set(name, text);
    }
    return files;
  }
}

async function linkOf(path: string): Promise<string> {
  return (await readlink(path).catch(absent)) ?? '';
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
}
