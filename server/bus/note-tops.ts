import type { JetStreamManager } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { epochOf } from './epoch.ts';
import { NO_MESSAGE_FOUND, orNull } from './jetstream-api.ts';
import { type Cover, coverWith, readCover, writeCover, writeTop } from './last-entry.ts';
import type { Names } from './names.ts';
import { scanStream } from './scan.ts';

/** One partition, and the connection to its streams. */
export interface NoteTopsParts {
  readonly connection: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly names: Names;
  readonly partition: number;
}

/** Another program wrote to LAST or purged LOG meanwhile. No harm is done; the next purge notes the offsets again. */
export class NotNoted extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NotNoted';
  }
}

const SCAN = { batch: 1_000, maxBytes: 8 * 1024 * 1024 };
/** Wait for messages that the scan's replica does not have yet, and how often it waits. */
const SCAN_LATE_MS = 1_000;
const SCAN_ATTEMPTS = 5;
/** Most writes at the same time. */
const WINDOW = 500;
const WRITE_TIMEOUT_MS = 5_000;

/**
 * Notes in LAST the last offset of each room with a message in LOG below `below`. Call it before purging these messages: then
 * a room without a message in LOG still has its last offset.
 *
 * Workers of several versions may purge the same stream at the same time. So each write expects
 * the sequence of the write before it, starting at the end of LAST before LOG was read: a write
 * of another worker in between makes all of these fail. And LOG must have the same first message
 * after the scan as before it, because a worker of a version without LAST may have purged it.
 * @returns number of rooms noted
 * @throws {NotNoted} if another program wrote to LAST or purged LOG meanwhile
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
  await writeChain(parts, end, entries, coverWith(cover, epochOf(log), first, below));
  return entries.length;
}

/** Cover of LAST, read from the leader; null for none. */
export async function coverOf({ jsm, names, partition }: NoteTopsParts): Promise<Cover | null> {
  const query = { last_by_subj: names.lastMark(partition) };
  const found = await orNull(jsm.streams.getMessage(names.lastStream(partition), query), NO_MESSAGE_FOUND);
  return found && readCover(found.data);
}

/** Last offset of each room token among the messages from `first` to `below`, exclusive. Reads no bodies. */
async function topsBelow(parts: NoteTopsParts, first: number, below: number): Promise<Map<string, number>> {
  const { connection, jsm, names, partition } = parts;
  const stream = names.logStream(partition);
  const prefix = names.logSubjects(partition).replace('*', '');
  const tops = new Map<string, number>();
  await scanStream({ connection, jsm, stream, first, headersOnly: true }, async scan => {
    let reached = first - 1;
    for (let late = 0; reached < below - 1; ) {
      const messages = await scan({ ...SCAN, waitMs: late === 0 ? 0 : SCAN_LATE_MS });
      for (const { subject, sequence } of messages) {
        reached = sequence;
        if (sequence < below && subject.startsWith(prefix)) tops.set(subject.slice(prefix.length), sequence);
      }
      if (messages.length > 0) late = 0;
      else if (!(await anyBetween(parts, reached, below))) break;
      else if (++late === SCAN_ATTEMPTS) throw new NotNoted(`the scan of ${stream} ended at ${reached} of ${below}`);
    }
  });
  return tops;
}

/**
 * True if LOG has a message between `reached` and `below`, exclusive. Read from the leader,
 * because the scan's replica may lag.
 */
async function anyBetween({ jsm, names, partition }: NoteTopsParts, reached: number, below: number): Promise<boolean> {
  const query = { seq: reached + 1, next_by_subj: names.logSubjects(partition) };
  const found = await orNull(jsm.streams.getMessage(names.logStream(partition), query), NO_MESSAGE_FOUND);
  return found !== null && found.seq < below;
}

/** Writes the cover as the next sequence after `end` of LAST. @throws {NotNoted} if another program wrote after `end` */
export async function writeCoverAfter(parts: NoteTopsParts, end: number, cover: Cover): Promise<void> {
  await writeChain(parts, end, [], cover);
}

/**
 * Writes entries and then the cover, as the next sequences after `end` of LAST, without writes of other programs between
 * them. Writes of one window run at the same time: one behind a refused write may be accepted if another program's writes
 * fill the gap. That is harmless for an entry. The cover vouches for all entries, so it is written once they are
 * acknowledged. The first write of each window is sent alone, so that of several workers all but one stop there.
 */
async function writeChain(
  { connection, names, partition }: NoteTopsParts,
  end: number,
  entries: readonly (readonly [subject: string, value: string])[],
  cover: Cover,
): Promise<void> {
  const write = async ([subject, value]: readonly [string, string], index: number): Promise<void> => {
    const expected = headers();
    expected.set('Nats-Expected-Last-Sequence', String(end + index));
    const answer = await connection.request(subject, value, { headers: expected, timeout: WRITE_TIMEOUT_MS });
    const { error } = answer.json<{ error?: { description: string } }>();
    if (error) throw new NotNoted(`LAST refused a write: ${error.description}`);
  };
  for (let start = 0; start < entries.length; start += WINDOW) {
    const [first, ...others] = entries.slice(start, start + WINDOW);
    if (first) await write(first, start);
    await Promise.all(others.map((entry, index) => write(entry, start + 1 + index)));
  }
  await write([names.lastMark(partition), writeCover(cover)], entries.length);
}
