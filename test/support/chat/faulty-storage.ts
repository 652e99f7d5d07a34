import type { StorageLike } from '../../../client/storage.ts';

export const STORAGE_CALLS = ['length', 'key', 'getItem', 'setItem', 'removeItem'] as const;
type StorageCall = (typeof STORAGE_CALLS)[number];

/** A browser's `Storage` of which single calls throw, as with a full quota or a permission taken away while the page runs. */
export class FaultyStorage implements StorageLike {
  readonly broken = new Set<StorageCall>();
  readonly values = new Map<string, string>();

  get length(): number {
    this.#check('length');
    return this.values.size;
  }
  key(index: number): string | null {
    this.#check('key');
    return [...this.values.keys()][index] ?? null;
  }
  getItem(key: string): string | null {
    this.#check('getItem');
    return this.values.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.#check('setItem');
    this.values.set(key, value);
  }
  removeItem(key: string): void {
    this.#check('removeItem');
    this.values.delete(key);
  }

  #check(call: StorageCall): void {
    if (this.broken.has(call)) throw new DOMException(`${call} is refused`, 'SecurityError');
  }
}
