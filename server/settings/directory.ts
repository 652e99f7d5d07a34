import { readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Files by name. A file that is not there has no entry. */
export type Files = ReadonlyMap<string, string>;

/** The symbolic link that the kubelet swaps when it replaces all files of a projected volume at once. */
const DATA = '..data';

/** A directory whose files are replaced while the process runs: a projected volume, or any other. */
export class LiveDirectory {
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
   * The files, all of one generation; null when nothing has changed since the last call that did not reject. Costs one
   * system call on a projected volume that has not changed.
   * @throws {Error} when a file is there and cannot be read
   */
  async read(): Promise<Files | null> {
    for (;;) {
      const link = await linkOf(join(this.#path, DATA));
      if (link !== '' && link === this.#link) return null;
      const files = await this.#readAll(join(this.#path, link));
      // The kubelet removes the generation before: what was not found may only have been removed.
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
