import { type NoteTopsParts, noteTops } from '../bus/note-tops.ts';

export interface NotedPurge {
  /** Messages removed. */
  readonly removed: number;
  /** Rooms written to LAST. */
  readonly noted: number;
  /** Why LAST did not take the rooms, so that less was removed, or it was removed without; null when it did. */
  readonly unnoted: unknown;
}

/** Offsets that are noted and purged at a time: bounds the memory of a purge after a long outage. */
const SLICE = 50_000;

/**
 * Purges LOG below `below`, and writes the last offsets of the rooms to LAST before. When LAST does not take them the
 * messages stay for this time; if there is no room for them, they go all the same: LAST tells that it does not cover them.
 * @param first first offset in LOG
 * @param urgent true when the stream is nearly full
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
