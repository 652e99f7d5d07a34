import { AckPolicy, DeliverPolicy, type JetStreamManager } from '@nats-io/jetstream';
import { headers, type NatsConnection, nanos } from '@nats-io/transport-node';
import { epochOf } from '../bus/epoch.ts';
import { type Cover, coverWith, readCover, writeCover, writeTop } from '../bus/last-entry.ts';
import type { Names } from '../bus/names.ts';
import { pull } from '../bus/pull.ts';

export interface NoteTopsParts {
  readonly connection: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly names: Names;
  readonly partition: number;
}

/** Another program wrote or purged meanwhile: nothing is wrong, the next turn begins anew. */
export class NotNoted extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NotNoted';
  }
}

const SCAN = { batch: 1_000, maxBytes: 8 * 1024 * 1024, waitMs: 0 };
const SCAN_LATE_MS = 1_000;
const SCAN_ATTEMPTS = 5;
const SCAN_IDLE_MS = 60_000;
/** Writes that are under way at once. */
const WINDOW = 500;
const WRITE_TIMEOUT_MS = 5_000;
const NO_MESSAGE_FOUND = 10_037;

/**
 * Writes the last offset of each room with a message in LOG below `below` to LAST. To be called before these messages are
 * purged: a room without a message in LOG then still has its last offset.
 *
 * Workers of several versions may purge the same stream. So every write expects the sequence of the one before it, from
 * what LAST ended with before LOG was read: whatever another worker wrote in between refuses all of them. And LOG must
 * still begin where it did once it has been read, as a worker that notes nothing may have purged.
 * @returns how many rooms were written
 * @throws {NotNoted} when another program came between
 */
export async function noteTops(parts: NoteTopsParts, below: number): Promise<number> {
  const { jsm, names, partition } = parts;
  const last = names.lastStream(partition);
  const end = (await jsm.streams.info(last)).state.last_seq;
  const cover = await coverOf(parts);
  const log = await jsm.streams.info(names.logStream(partition));
  const first = log.state.first_seq;
  if (below <= first) return 0;
  const tops = await topsBelow(parts, first, below);
  const now = await jsm.streams.info(names.logStream(partition));
  if (now.state.first_seq !== first || epochOf(now) !== epochOf(log))
    throw new NotNoted(`${log.config.name} was purged by another program while it was read`);
  const entries = [...tops].map(([token, top]): [string, string] => [
    names.lastSubjects(partition).replace('*', token),
    writeTop(top),
  ]);
  const covered = coverWith(cover, epochOf(log), first, below);
  await writeChain(parts, end, [...entries, [names.lastMark(partition), writeCover(covered)]]);
  return entries.length;
}

/** What LAST covers, asked of the leader; null for nothing. */
export async function coverOf({ jsm, names, partition }: NoteTopsParts): Promise<Cover | null> {
  try {
    const query = { last_by_subj: names.lastMark(partition) };
    const found = await jsm.streams.getMessage(names.lastStream(partition), query);
    return found && readCover(found.data);
  } catch (error) {
    if ((error as { code?: unknown }).code === NO_MESSAGE_FOUND) return null;
    throw error;
  }
}

/** Last offset by room token of the messages in [first, below). Bodies are not read. */
async function topsBelow(parts: NoteTopsParts, first: number, below: number): Promise<Map<string, number>> {
  const { connection, jsm, names, partition } = parts;
  const stream = names.logStream(partition);
  const consumer = await jsm.consumers.add(stream, {
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: first,
    headers_only: true,
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: nanos(SCAN_IDLE_MS),
  });
  const prefix = names.logSubjects(partition).replace('*', '');
  const tops = new Map<string, number>();
  try {
    let reached = first - 1;
    for (let late = 0; reached < below - 1; ) {
      const waitMs = late === 0 ? 0 : SCAN_LATE_MS;
      const messages = await pull(connection, stream, consumer.name, { ...SCAN, waitMs });
      for (const { subject, sequence } of messages) {
        reached = sequence;
        if (sequence < below && subject.startsWith(prefix)) tops.set(subject.slice(prefix.length), sequence);
      }
      if (messages.length > 0) late = 0;
      else if (!(await anyBetween(parts, reached, below))) break;
      else if (++late === SCAN_ATTEMPTS) throw new NotNoted(`the scan of ${stream} ended at ${reached} of ${below}`);
    }
  } finally {
    await jsm.consumers.delete(stream, consumer.name).catch(() => undefined); // else it ends by itself
  }
  return tops;
}

/** Whether LOG has a message above `reached` and below `below`: the leader's word, as the scan's replica may lag. */
async function anyBetween({ jsm, names, partition }: NoteTopsParts, reached: number, below: number): Promise<boolean> {
  try {
    const query = { seq: reached + 1, next_by_subj: names.logSubjects(partition) };
    const found = await jsm.streams.getMessage(names.logStream(partition), query);
    return found !== null && found.seq < below;
  } catch (error) {
    if ((error as { code?: unknown }).code === NO_MESSAGE_FOUND) return false;
    throw error;
  }
}

/** Writes the cover right after the sequence `end` of LAST. @throws {NotNoted} when another program wrote after `end` */
export async function writeCoverAfter(parts: NoteTopsParts, end: number, cover: Cover): Promise<void> {
  await writeChain(parts, end, [[parts.names.lastMark(parts.partition), writeCover(cover)]]);
}

/** Writes values in order, the first right after the sequence `end`, with nothing of another program between them. */
async function writeChain(
  { connection }: NoteTopsParts,
  end: number,
  entries: readonly (readonly [subject: string, value: string])[],
): Promise<void> {
  for (let start = 0; start < entries.length; start += WINDOW) {
    const answers = entries.slice(start, start + WINDOW).map(([subject, value], index) => {
      const expected = headers();
      expected.set('Nats-Expected-Last-Sequence', String(end + start + index));
      return connection.request(subject, value, { headers: expected, timeout: WRITE_TIMEOUT_MS });
    });
    for (const answer of await Promise.all(answers)) {
      const { error } = answer.json<{ error?: { description: string } }>();
      if (error) throw new NotNoted(`LAST took no write: ${error.description}`);
    }
  }
}
