import { AckPolicy, DeliverPolicy } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { readTop } from '../bus/last-entry.ts';
import { pull } from '../bus/pull.ts';
import { coverOf, type NoteTopsParts, NotNoted, writeCoverAfter } from './note-tops.ts';

const SCAN = { batch: 1_000, maxBytes: 8 * 1024 * 1024, waitMs: 1_000 };
const SCAN_IDLE_MS = 60_000;
/** LAST grows by this share above its limit before it is brought back, so that this is seldom done. */
const SLACK = 0.1;

/**
 * Brings LAST back to `most` rooms: those noted longest ago are forgotten. The cover begins above all of them first, so
 * that their absence is never taken for a room without messages; what was missed in them is looked up in MongoDB.
 * @returns how many rooms were forgotten
 * @throws {NotNoted} when another program came between
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

/** The highest top among the first `count` entries of LAST, and where they end. */
async function readOldest(parts: NoteTopsParts, count: number): Promise<{ top: number; sequence: number }> {
  const { connection, jsm, names, partition } = parts;
  const last = names.lastStream(partition);
  const consumer = await jsm.consumers.add(last, {
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.All,
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: nanos(SCAN_IDLE_MS),
  });
  const mark = names.lastMark(partition);
  let top = 0;
  let sequence = 0;
  try {
    for (let read = 0; read < count; ) {
      const entries = await pull(connection, last, consumer.name, {
        ...SCAN,
        batch: Math.min(SCAN.batch, count - read),
      });
      if (entries.length === 0) throw new NotNoted(`the scan of ${last} ended at ${sequence}`);
      for (const entry of entries) {
        if (entry.subject !== mark) top = Math.max(top, readTop(entry.data) ?? 0);
        sequence = entry.sequence;
      }
      read += entries.length;
    }
  } finally {
    await jsm.consumers.delete(last, consumer.name).catch(() => undefined); // else it ends by itself
  }
  return { top, sequence };
}
