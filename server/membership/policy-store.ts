import type { PairUsers } from '../fold/pair.ts';

/**
 * Key of a value that says who may do what: the state of a room, the rooms of a user (whole, or a part of a large one), the acts of two
 * users on each other, the settings of a user, the counts of what a user did on one day, the part of a partition's log that is in it,
 * the offset that was lost of one, or the mark that says which partitions are filled, and whether the store lacks nothing.
 */
export type PolicyKey =
  | { readonly room: string }
  | { readonly user: string; readonly part?: number }
  | { readonly pair: PairUsers }
  | { readonly counts: string }
  | { readonly settings: string }
  | { readonly partition: number }
  | { readonly lost: number }
  | { readonly mark: 'filled' };

/** Value of a key, with the revision that a write has to name. */
export interface PolicyEntry {
  /** Parsed JSON. */
  readonly value: unknown;
  readonly revision: number;
}

/**
 * Key-value store of what decides on rights: states of rooms, rooms and settings of users, and pairs of users. It is apart from MongoDB
 * and quick to read. It may be wiped at any time, and is filled again from MongoDB and LOG. A read sees all writes that were
 * acknowledged before it. Calls may run at the same time.
 */
export interface PolicyStore {
  /**
   * Reads a key; null if it has no value.
   * @throws {ReadFailed} without an answer within 2 s, and while no worker has made the store
   */
  read(key: PolicyKey): Promise<PolicyEntry | null>;
  /**
   * Reads keys as they are at one moment. Rejects as {@link read} does.
   * @param keys at most {@link MOST_KEYS}
   */
  snapshot(keys: readonly PolicyKey[]): Promise<PolicySnapshot>;
  /**
   * Replaces the value of a key if nothing else did meanwhile.
   * @param revision that of the value it was made from; 0 for a key without a value
   * @returns false if the key has another revision: nothing was written
   * @throws {PublishFailed} if it is not written, or perhaps not; {@link MessageRefused} if it never will be, as it is too large
   */
  write(key: PolicyKey, value: unknown, revision: number): Promise<boolean>;
}

/** Most keys of one snapshot: a state of a room with 1,000 members takes some 200 KB. */
export const MOST_KEYS = 200;

/** Values of keys at one moment. */
export interface PolicySnapshot {
  /** Values in the order of the keys; null for a key without one. */
  readonly entries: readonly (PolicyEntry | null)[];
  /** True if the store lacked nothing then: a key without a value never had one. */
  readonly complete: boolean;
}
