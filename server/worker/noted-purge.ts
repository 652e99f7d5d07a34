import { type NoteTopsParts, noteTops } from '../bus/note-tops.ts';

/** Result of a purge. */
export interface NotedPurge {
  /** Messages removed. */
  readonly removed: number;
  /** Rooms written to LAST. */
  readonly noted: number;
  /** Error of LAST, which did not accept the offsets of rooms; null if it accepted all. */
  readonly unnoted: unknown;
}

/** Offsets that are noted and purged in one step: bounds the memory of a purge after a long outage. */
const SLICE = 50_000;

/**
 * Removes the messages of LOG below `below`, after noting the last offsets of their rooms in LAST. If LAST does not accept them,
 * the messages stay until the next purge; with `urgent` they are removed anyway, and LAST's cover shows that it lacks them.
 * @param first first offset in LOG
 * @param urgent true if the stream is nearly full
 */
export async function purgeNoted(
  parts: NoteTopsParts,
  first: number,
  below: number,
  urgent: boolean,
): Promise<NotedPurge> {
  const stream = parts.names.logStream(parts.partition);
  let removed = 0;
  let noted = 0;
  let unnoted: unknown = null;
  for (let at = first; at < below; ) {
    at = Math.min(at + SLICE, below);
    try {
      noted += await noteTops(parts, at);
    } catch (error) {
      unnoted = error;
      if (!urgent) break;
    }
    removed += (await parts.jsm.streams.purge(stream, { seq: at })).purged;
  }
  return { removed, noted, unnoted };
}
