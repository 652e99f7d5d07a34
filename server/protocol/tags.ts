/** Most types whose encoding is cached: more than one version has. Bounds the cache against types of unknown writers. */
const MOST_TYPES = 32;

/** Caches `encode` by message type. */
export function perType<T>(encode: (type: string) => T): (type: string) => T {
  const known = new Map<string, T>();
  return type => {
    const found = known.get(type);
    if (found !== undefined) return found;
    const encoded = encode(type);
    if (known.size < MOST_TYPES) known.set(type, encoded);
    return encoded;
  };
}

/** Name of the only tag of a publication: its type. Only the server sets it. */
export const TYPE_TAG = 'type';
