/**
 * Key of a value that says who may do what: the state of a room, the rooms of a user (whole, or a part of a large one), or the mark
 * that the store lacks nothing.
 */
export type PolicyKey =
  | { readonly room: string }
  | { readonly user: string; readonly part?: number }
  | { readonly mark: 'complete' };

/** Value of a key, with the revision that a write has to name. */
export interface PolicyEntry {
  /** Parsed JSON. */
  readonly value: unknown;
  readonly revision: number;
}

/**
 * Key-value store of what decides on rights: states of rooms, and rooms of users. It is apart from MongoDB and quick to read. It may
 * be wiped at any time, and is filled again from MongoDB and LOG: see {@link readOrAbsent}. Every call asks the leader, so a read
 * sees all writes that were acknowledged before it. Calls may run at the same time.
 */
export interface PolicyStore {
  /**
   * Reads a key; null if it has no value.
   * @throws {ReadFailed} without an answer within 2 s, and while no worker has made the store
   */
  read(key: PolicyKey): Promise<PolicyEntry | null>;
  /**
   * Replaces the value of a key if nothing else did meanwhile.
   * @param revision that of the value it was made from; 0 for a key without a value
   * @returns false if the key has another revision: nothing was written
   * @throws {PublishFailed} if it is not written, or perhaps not
   */
  write(key: PolicyKey, value: unknown, revision: number): Promise<boolean>;
}

/** Key whose value says that every room and user with a value in MongoDB has one here. Each filling writes another value. */
export const COMPLETE = { mark: 'complete' } as const satisfies PolicyKey;

/** Value of {@link COMPLETE}. */
export interface Complete {
  /** Random, another one for each filling. */
  readonly epoch: string;
}

/**
 * Reads a key of which it matters whether it never had a value.
 * @returns `absent` if the store lacked nothing all the while; `unknown` if it has not been filled yet, or was filled meanwhile
 * @throws {ReadFailed}
 */
export async function readOrAbsent(
  store: Pick<PolicyStore, 'read'>,
  key: PolicyKey,
): Promise<PolicyEntry | 'absent' | 'unknown'> {
  const found = await store.read(key);
  if (found) return found;
  const before = epochOf(await store.read(COMPLETE));
  const again = await store.read(key);
  if (again) return again;
  const after = epochOf(await store.read(COMPLETE));
  return before !== undefined && before === after ? 'absent' : 'unknown';
}

/** Epoch of a mark; undefined for none. */
const epochOf = (mark: PolicyEntry | null): string | undefined =>
  mark ? (mark.value as Partial<Complete> | null)?.epoch : undefined;
