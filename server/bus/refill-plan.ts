import type { StoredFloor } from '../room/history-store.ts';
import type { OffsetRange } from '../room/log.ts';
import type { WithMetadata } from './epoch.ts';

/** Key in a LOG stream's metadata of the first offset of its epoch: lower offsets were never in this stream. */
export const FROM_KEY = 'chat-from';

/** State of one partition, read in this order: consumer, MongoDB, stream. */
export interface RefillView {
  readonly stored: StoredFloor;
  /** Sequence up to which everything is acknowledged, so that MongoDB had it. */
  readonly ackFloor: number;
  /** First sequence of the stream. */
  readonly first: number;
  /** First offset of the stream's epoch. */
  readonly from: number;
}

/** Refill plan: the messages to store again because MongoDB lost them. */
export interface RefillPlan {
  /** First sequence that is delivered and stored again. */
  readonly from: number;
  /** Offsets that the stream has lost too; null for none. */
  readonly lost: OffsetRange | null;
}

/**
 * Plans a refill if MongoDB lost messages: if it has less than was acknowledged, or less than it reported to this process before.
 * Null if it lost nothing. Pure.
 */
export function planRefill({ stored, ackFloor, first, from }: RefillView): RefillPlan | null {
  // A stream that was lifted or made again starts above the floor of MongoDB, and so does its consumer.
  const before = from - 1;
  if (!stored.rolledBack && ackFloor <= Math.max(stored.offset, before)) return null;
  // Below the highest offset, batches of other workers may be missing: only complete offsets are certain.
  const certain = Math.max(stored.complete ?? 0, before);
  const reported = Math.max(stored.complete ?? stored.offset, before);
  return {
    from: Math.max(first, certain + 1),
    lost: reported + 1 < first ? { from: reported + 1, to: first - 1 } : null,
  };
}

/** First offset of a stream's epoch; null for a stream of an earlier release. Pure. */
export function incarnationStart(info: WithMetadata): number | null {
  const from = Number(info.config.metadata?.[FROM_KEY]);
  return Number.isSafeInteger(from) && from > 0 ? from : null;
}

/**
 * First offset to note for a stream of an earlier release: 1 if MongoDB has everything that
 * was acknowledged. Otherwise a lift cannot be distinguished from a loss, and it is the first
 * offset in the stream, so that only its messages are stored again. Pure.
 */
export function adoptedStart(stored: StoredFloor, ackFloor: number, first: number): number {
  return ackFloor <= stored.offset ? 1 : first;
}
