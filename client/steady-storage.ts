import type { KeyValue } from './storage.ts';

/**
 * Storage whose calls never throw. What the storage below refuses is kept in memory, read from there, and written again after
 * the next write that succeeds: nothing is lost if the storage works again.
 */
export class SteadyStorage implements KeyValue {
  readonly #storage: KeyValue;
  /** Last known values, used if reading fails. */
  readonly #known = new Map<string, string>();
  /** Refused writes; null for a removal. */
  readonly #owed = new Map<string, string | null>();

  constructor(storage: KeyValue) {
    this.#storage = storage;
  }

  get(key: string): string | null {
    const owed = this.#owed.get(key);
    if (owed !== undefined) return owed;
    try {
      const value = this.#storage.get(key);
      if (value === null) this.#known.delete(key);
      else this.#known.set(key, value);
      return value;
    } catch {
      return this.#known.get(key) ?? null;
    }
  }

  set(key: string, value: string): void {
    this.#known.set(key, value);
    this.#write(key, value);
  }

  remove(key: string): void {
    this.#known.delete(key);
    this.#write(key, null);
  }

  keys(prefix: string): string[] {
    return [...this.all(prefix).values.keys()];
  }

  /**
   * All values under a prefix. `complete` is false if the storage refused to read a part: known values are here, the others
   * may be read later.
   */
  all(prefix: string): { readonly values: ReadonlyMap<string, string>; readonly complete: boolean } {
    const values = new Map<string, string>();
    let complete = true;
    for (const [key, value] of this.#known) if (key.startsWith(prefix)) values.set(key, value);
    try {
      for (const key of this.#storage.keys(prefix)) {
        if (this.#owed.has(key)) continue;
        const value = this.#storage.get(key);
        if (value === null) continue;
        this.#known.set(key, value);
        values.set(key, value);
      }
    } catch {
      complete = false;
    }
    return { values, complete };
  }

  #write(key: string, value: string | null): void {
    if (!this.#try(key, value)) {
      this.#owed.set(key, value);
      return;
    }
    this.#owed.delete(key);
    for (const [other, owed] of this.#owed) {
      if (!this.#try(other, owed)) return;
      this.#owed.delete(other);
    }
  }

  #try(key: string, value: string | null): boolean {
    try {
      if (value === null) this.#storage.remove(key);
      else this.#storage.set(key, value);
      return true;
    } catch {
      return false;
    }
  }
}

/** Makes a storage steady; returns the same one if it is. */
export const steady = (storage: KeyValue): SteadyStorage =>
  storage instanceof SteadyStorage ? storage : new SteadyStorage(storage);
