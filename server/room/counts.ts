/** A message that counts as unread for other users than its author. */
export interface CountableMessage {
  readonly offset: number;
  readonly user: string;
}

/** Reads of messages to be counted, for gateways. Each call rejects with {@link StoreUnavailable} if the store does not answer. */
export interface CountReader {
  /** Offset up to which {@link countable} knows every message of a partition and every change of one; 0 for none. */
  countedUpTo(partition: number): Promise<number>;
  /**
   * The last messages of a room with `after < offset < before` that are not deleted, descending by offset. Two incarnations of a stream
   * may have used one offset.
   * @param range.before Infinity for no bound
   * @param range.limit most messages of the answer
   */
  countable(
    room: string,
    range: { readonly after: number; readonly before: number; readonly limit: number },
  ): Promise<readonly CountableMessage[]>;
  /**
   * Messages of a room with `after < offset < before` that mention a user, or everybody, and are not deleted, in any order.
   * @param range.limit most messages for each of the two
   */
  mentioning(
    room: string,
    user: string,
    range: { readonly after: number; readonly before: number; readonly limit: number },
  ): Promise<readonly CountableMessage[]>;
}

/** Marks of messages that count, for the worker that folds a partition. */
export interface CountWriter {
  /**
   * Marks the first stored messages of a partition with `after < offset <= upto` as countable or not. May be repeated.
   * @param range.limit most messages, at least 2
   * @returns offset up to which all are marked; null while an index is missing without which this, or a count, reads too much
   * @throws {StoreUnavailable} if the result is unknown
   */
  markCountable(
    partition: number,
    range: { readonly after: number; readonly upto: number; readonly limit: number },
  ): Promise<number | null>;
}
