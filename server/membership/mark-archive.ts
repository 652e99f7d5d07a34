import type { Mark } from '../fold/mark.ts';
import type { ViewPosition } from '../room/views.ts';
import type { MarkKey } from './mark-store.ts';

/** Marks of a user in a room. */
export type UserMark = MarkKey & Mark;

/** Marks in MongoDB, which lag behind NATS by what the worker lags. Rejects with {@link StoreUnavailable} if MongoDB does not answer. */
export interface MarkArchive {
  /** Reads marks, in the order of their keys; null for none. @param keys at most 1,000 */
  read(keys: readonly MarkKey[]): Promise<readonly (Mark | null)[]>;
}

/** Writes of marks, for the worker that folds them. Each call rejects with {@link StoreUnavailable} if the result is unknown. */
export interface MarkWriter {
  /** Raises marks in any order, and as often as they come: a lower one changes nothing. Resolves once that is durable. */
  raise(marks: readonly UserMark[]): Promise<void>;
  /** Reads the position of the fold; null for none. */
  readPosition(): Promise<ViewPosition | null>;
  /** Epoch of the lease under which the position was saved; 0 for none. */
  positionLease(): Promise<number>;
  /** Saves a position if the saved one is `from`, and no later holder of the lease saved it. @returns false if it is not */
  savePosition(from: ViewPosition | null, to: ViewPosition, lease: number): Promise<boolean>;
}
