import type { StoredFloor } from '../room/history-store.ts';
import type { OffsetRange } from '../room/log.ts';
import type { WithMetadata } from './epoch.ts';

/** Key in a LOG stream's metadata with the first offset of its incarnation: what is below never was in this stream. */
export const FROM_KEY = 'chat-from';

/** One partition, whose consumer was looked at before MongoDB, and MongoDB before the stream. */
export interface RefillView {
  readonly stored: StoredFloor;
  /** Everything up to here is acknowledged, so MongoDB had it. */
  readonly ackFloor: number;
  /** First sequence of the stream. */
  readonly first: number;
  /** First offset of the stream's incarnation. */
  readonly from: number;
}

export interface Refill {
  /** First sequence that is delivered, and stored, again. */
  readonly from: number;
  /** Offsets that the stream does not have any more either. */
  readonly lost: OffsetRange | null;
}

/**
 * What has to be stored again because MongoDB lost it: it has less than was acknowledged, or than it had when this
 * process asked before. Null when it lost nothing. Pure.
 */
export function planRefill({ stored, ackFloor, first, from }: RefillView): Refill | null {
  // A stream that was lifted or made again begins above the floor, and its consumer with it.
  const before = from - 1;
  if (!stored.rolledBack && ackFloor <= Math.max(stored.offset, before)) return null;
  // Below the highest offset batches of other workers may be missing: only what is complete is surely there.
  const surely = Math.max(stored.complete ?? 0, before);
  const reported = Math.max(stored.complete ?? stored.offset, before);
  return {
    from: Math.max(first, surely + 1),
    lost: reported + 1 < first ? { from: reported + 1, to: first - 1 } : null,
  };
}

/** First offset of a stream's incarnation; null for a stream of an earlier release. Pure. */
export function incarnationStart(info: WithMetadata): number | null {
  const from = Number(info.config.metadata?.[FROM_KEY]);
  return Number.isSafeInteger(from) && from > 0 ? from : null;
}

/**
 * The first offset to note on a stream of an earlier release. While MongoDB has all that is acknowledged the stream may
 * have begun anywhere; otherwise nobody can tell a lift from a loss, and only what is in the stream is judged. Pure.
 */
export function adoptedStart(stored: StoredFloor, ackFloor: number, first: number): number {
  return ackFloor <= stored.offset ? 1 : first;
}
