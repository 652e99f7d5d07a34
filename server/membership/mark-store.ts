import type { Mark } from '../fold/mark.ts';

/** A user in a room. */
export interface MarkKey {
  readonly user: string;
  readonly room: string;
}

/** Marks as they are stored, with the revision that wrote them. */
export interface StoredMark extends Mark {
  readonly revision: number;
}

/** Place in the order of all writes of marks. */
export interface MarksPosition {
  /** Incarnation of the order: sequences of two are not compared. */
  readonly epoch: string;
  /** {@link StoredMark.revision} of the last write. */
  readonly sequence: number;
}

/**
 * Newest marks of users in rooms, in NATS. Those not written for longest may be missing: MongoDB has them. Calls may run at the
 * same time.
 */
export interface MarkStore {
  /**
   * Reads marks, in the order of their keys; null for none. Includes every write that was answered before the call, but a first write
   * of a moment ago may be missing while none of the keys has marks.
   * @param keys at most 1,000
   * @throws {ReadFailed} if NATS does not answer
   */
  read(keys: readonly MarkKey[]): Promise<readonly (StoredMark | null)[]>;
  /** Reads the place of the last write, from the leader. @throws {ReadFailed} if NATS does not answer */
  position(): Promise<MarksPosition>;
  /**
   * Writes marks if the last revision is still `revision`; 0 for a key without marks.
   * @returns the new revision; null if another process wrote the key
   * @throws {PublishFailed} if NATS does not confirm it: it may have been written
   */
  write(key: MarkKey, mark: Mark, revision: number): Promise<number | null>;
}

/** Most keys of one read. */
export const MOST_MARK_KEYS = 1_000;
