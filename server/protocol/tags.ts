/** Types that are kept encoded: all that one version knows, with room for those of the next. */
const MOST_TYPES = 32;

/** Encodes the tags of a type of message once. */
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

/** The one tag of a publication: what it is, in the word of the server. Clients cannot write it. */
export const TYPE_TAG = 'type';
