import type { KeyValue } from './storage.ts';

/**
 * A storage whose calls never throw. What the one beneath refuses is kept in memory, answered from there, and offered
 * again after the next write that succeeds: a page goes on as if it had memory alone, and loses nothing when the storage
 * comes back.
 */
export class SteadyStorage implements KeyValue {
  readonly #storage: KeyValue;
  /** Last known values, for when reading fails. */
  readonly #known = new Map<string, string>();
  /** Writes that were refused; null: a removal. */
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
   * Everything under a prefix. `complete` is false when the storage refused a part of it: what is known from before is
   * here, the rest may come when it is asked again.
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

/** The same storage if it is steady already. */
export const steady = (storage: KeyValue): SteadyStorage =>
  storage instanceof SteadyStorage ? storage : new SteadyStorage(storage);
