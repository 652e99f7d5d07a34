import type { JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Digests, Revised } from './digests.ts';
import { type Cover, readTop } from './last-entry.ts';
import type { Names } from './names.ts';
import { scanStream } from './scan.ts';

/** LAST of one partition, and its connection. */
export interface ForgetParts {
  readonly connection: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly names: Names;
  readonly digests: Pick<Digests, 'writeCover'>;
  readonly partition: number;
}

const SCAN = { batch: 1_000, maxBytes: 8 * 1024 * 1024, waitMs: 1_000 };
/** Share by which LAST may exceed its limit before rooms are removed, so that this happens rarely. */
const SLACK = 0.1;

/**
 * Removes the rooms that were quiet for longest from LAST until it has `most` rooms. Raises the start of the cover above their
 * offsets first, so that a removed room is not taken for a room without messages: gateways read MongoDB for it, and LOG for its
 * deletes.
 * @returns the new cover and the number of rooms removed; null if LAST is within its limit
 * @throws {DigestTaken} if the cover has another revision
 */
export async function forgetDigests(
  parts: ForgetParts,
  { value: cover, revision }: Revised<Cover>,
  most: number,
): Promise<{ readonly cover: Revised<Cover>; readonly forgotten: number } | null> {
  const { jsm, names, partition, digests } = parts;
  const last = names.lastStream(partition);
  const { messages } = (await jsm.streams.info(last)).state;
  if (messages <= most * (1 + SLACK)) return null;
  const oldest = await readOldest(parts, messages - most);
  const value = { ...cover, from: Math.max(cover.from, oldest.top + 1) };
  const written = await digests.writeCover(partition, value, revision);
  const { purged } = await jsm.streams.purge(last, { seq: oldest.sequence + 1 });
  return { cover: { value, revision: written }, forgotten: purged };
}

/** Highest top among the first `count` entries of LAST, and the sequence of the last of them. */
async function readOldest(parts: ForgetParts, count: number): Promise<{ top: number; sequence: number }> {
  const { connection, jsm, names, partition } = parts;
  const stream = names.lastStream(partition);
  const mark = names.lastMark(partition);
  return await scanStream({ connection, jsm, stream }, async scan => {
    let top = 0;
    let sequence = 0;
    for (let read = 0; read < count; ) {
      const entries = await scan({ ...SCAN, batch: Math.min(SCAN.batch, count - read) });
      if (entries.length === 0) throw new Error(`the scan of ${stream} ended at ${sequence}`);
      for (const entry of entries) {
        if (entry.subject !== mark) top = Math.max(top, readTop(entry.data) ?? 0);
        sequence = entry.sequence;
      }
      read += entries.length;
    }
    return { top, sequence };
  });
}
