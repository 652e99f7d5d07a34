/**
 * Storage of texts by key, beyond the life of the process or page. Any call may throw, for example if a quota is full: see
 * {@link SteadyStorage}.
 */
export interface KeyValue {
  get(key: string): string | null;
  set(key: string, value: string): void;
  remove(key: string): void;
  /** All keys that begin with `prefix`, in no order. */
  keys(prefix: string): string[];
}

/** Part of the browser's `Storage` that is used. */
export interface StorageLike {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** Storage in `localStorage`, or an object of its shape. */
export function webStorage(storage: StorageLike): KeyValue {
  return {
    get: key => storage.getItem(key),
    set: (key, value) => storage.setItem(key, value),
    remove: key => storage.removeItem(key),
    keys(prefix) {
      const found: string[] = [];
      for (let index = 0; index < storage.length; index++) {
        const key = storage.key(index);
        if (key?.startsWith(prefix)) found.push(key);
      }
      return found;
    },
  };
}

/** Storage in memory, as long as the process lives. */
export function memoryStorage(): KeyValue {
  const values = new Map<string, string>();
  return {
    get: key => values.get(key) ?? null,
    set: (key, value) => void values.set(key, value),
    remove: key => void values.delete(key),
    keys: prefix => [...values.keys()].filter(key => key.startsWith(prefix)),
  };
}
