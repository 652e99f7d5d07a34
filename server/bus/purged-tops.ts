import type { Msg, NatsConnection } from '@nats-io/transport-node';
import type { PartitionState } from '../room/log.ts';
import { directBatch } from './direct-read.ts';
import { type Cover, purgedTop, readCover, readTop } from './last-entry.ts';
import { roomOfToken } from './names.ts';
import { readHeaders, serverHeader } from './read-headers.ts';
import type { TopsOptions } from './tops.ts';

export interface PurgedTopsOptions extends TopsOptions {
  /** Reads the state of LOG from the leader. */
  state(): Promise<PartitionState>;
}

/** Most reads of LAST while the replica that answers lags behind; after that LAST counts as not covering the purges. */
const ATTEMPTS = 3;

interface Entries {
  readonly cover: Cover | null;
  readonly tops: ReadonlyMap<string, number>;
}

/**
 * Reads from LAST, for rooms without a message in LOG, the offset above which no message of the room was purged: see
 * {@link purgedTop}. Any replica of LAST may answer, because its cover tells how far its entries reach. If LAST is missing,
 * does not answer or does not cover the purges, the offsets are too high, never too low.
 * @param rooms at most 1,000: the server answers for at most 1,024 subjects
 * @throws {ReadFailed} if the leader of LOG does not answer
 */
export async function readPurgedTops(
  connection: NatsConnection,
  rooms: readonly string[],
  options: PurgedTopsOptions,
): Promise<Map<string, number>> {
  const { epoch, first } = await options.state();
  if (first <= 1) return new Map(rooms.map(room => [room, 0]));
  const covers = ({ cover }: Entries) => cover === null || (cover.epoch === epoch && cover.below >= first);
  let entries = await readEntries(connection, rooms, options);
  for (let attempt = 1; attempt < ATTEMPTS && !covers(entries); attempt++)
    entries = await readEntries(connection, rooms, options);
  return new Map(rooms.map(room => [room, purgedTop(entries.cover, epoch, first, entries.tops.get(room) ?? null)]));
}

/** Reads the values of rooms in LAST, and its cover. @returns nothing if LAST does not answer */
export async function lastValues(
  connection: NatsConnection,
  rooms: readonly string[],
  { names, partition, timeoutMs }: TopsOptions,
): Promise<readonly Msg[]> {
  const multi_last = [...rooms.map(room => names.last(partition, room)), names.lastMark(partition)];
  return await directBatch(connection, names.lastStream(partition), { multi_last }, timeoutMs).then(
    // An incomplete answer is not used: a room left out would look like a room that never had a message.
    batch => (batch.pending === 0 ? batch.messages : []),
    () => [],
  );
}

async function readEntries(
  connection: NatsConnection,
  rooms: readonly string[],
  { names, partition, timeoutMs }: PurgedTopsOptions,
): Promise<Entries> {
  const mark = names.lastMark(partition);
  const messages = await lastValues(connection, rooms, { names, partition, timeoutMs });
  let cover: Cover | null = null;
  const tops = new Map<string, number>();
  for (const message of messages) {
    const subject = subjectOf(message);
    if (subject === mark) {
      cover = readCover(message.data);
      continue;
    }
    const top = readTop(message.data);
    if (top === null) return { cover: null, tops: new Map() };
    tops.set(roomOfToken(subject.slice(subject.lastIndexOf('.') + 1)), top);
  }
  return { cover, tops };
}

const subjectOf = (message: Msg): string => serverHeader(readHeaders(message).headers, 'Nats-Subject');
