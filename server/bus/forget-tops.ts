import { readTop } from './last-entry.ts';
import { coverOf, type NoteTopsParts, NotNoted, writeCoverAfter } from './note-tops.ts';
import { scanStream } from './scan.ts';

const SCAN = { batch: 1_000, maxBytes: 8 * 1024 * 1024, waitMs: 1_000 };
/** Share by which LAST may exceed its limit before rooms are removed, so that this happens rarely. */
const SLACK = 0.1;

/**
 * Removes the rooms noted longest ago from LAST until it has `most` rooms. Raises the start of the cover above their offsets
 * first, so that a removed room is not taken for a room without messages: gateways read MongoDB for it.
 * @returns number of rooms removed
 * @throws {NotNoted} if another program wrote to LAST meanwhile
 */
export async function forgetTops(parts: NoteTopsParts, most: number): Promise<number> {
  const { jsm, names, partition } = parts;
  const last = names.lastStream(partition);
  const { messages, last_seq: end } = (await jsm.streams.info(last)).state;
  if (messages <= most * (1 + SLACK)) return 0;
  const cover = await coverOf(parts);
  if (!cover) return 0;
  const oldest = await readOldest(parts, messages - most);
  await writeCoverAfter(parts, end, { ...cover, from: Math.max(cover.from, oldest.top + 1) });
  return (await jsm.streams.purge(last, { seq: oldest.sequence + 1 })).purged;
}

/** Highest top among the first `count` entries of LAST, and the sequence of the last of them. */
async function readOldest(parts: NoteTopsParts, count: number): Promise<{ top: number; sequence: number }> {
  const { connection, jsm, names, partition } = parts;
  const stream = names.lastStream(partition);
  const mark = names.lastMark(partition);
  return await scanStream({ connection, jsm, stream }, async scan => {
    let top = 0;
    let sequence = 0;
    for (let read = 0; read < count; ) {
      const entries = await scan({ ...SCAN, batch: Math.min(SCAN.batch, count - read) });
      if (entries.length === 0) throw new NotNoted(`the scan of ${stream} ended at ${sequence}`);
      for (const entry of entries) {
        if (entry.subject !== mark) top = Math.max(top, readTop(entry.data) ?? 0);
        sequence = entry.sequence;
      }
      read += entries.length;
    }
    return { top, sequence };
  });
}
