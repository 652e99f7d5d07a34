/** Value of a key, with the revision that a write has to name. */
export interface PolicyEntry {
  /** Parsed JSON. */
  readonly value: unknown;
  readonly revision: number;
}

/**
 * Key-value store of what decides on rights: a room's state at `r.<token of the room>`, a user's rooms at `u.<token of the user>`.
 * Every call asks the leader, so a read sees all writes that were acknowledged before it. Calls may run at the same time. They
 * reject with {@link ReadFailed}, and with nothing else, if the store does not answer within 2 s.
 */
export interface PolicyStore {
  /** Reads a key; null if it is absent. */
  read(key: string): Promise<PolicyEntry | null>;
  /**
   * Replaces the value of a key if nothing else did meanwhile.
   * @param revision that of the value it was made from; 0 for an absent key
   * @returns false if the key has another revision
   */
  write(key: string, value: unknown, revision: number): Promise<boolean>;
  /** True if an absent key means that there is no such room or user: false while the store is being rebuilt. */
  complete(): Promise<boolean>;
}
