import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { ReadFailed, type Tops } from '../room/log.ts';
import { type DirectBatch, directBatch } from './direct-read.ts';
import { apiRequest, NO_MESSAGE_FOUND } from './jetstream-api.ts';
import { type Names, roomOfToken } from './names.ts';
import { offsetOf, readHeaders, serverHeader } from './read-headers.ts';

export interface TopsOptions {
  readonly names: Names;
  readonly partition: number;
  readonly timeoutMs: number;
}

/** Last messages of rooms, as one replica has them. */
export interface LastMessages {
  readonly messages: readonly Msg[];
  /** See {@link Tops.upTo}. */
  readonly upTo: number;
}

/** Reads the offsets of the last messages of rooms of one partition, as {@link readLast} does. */
export async function readTops(
  connection: NatsConnection,
  rooms: readonly string[],
  options: TopsOptions,
): Promise<Tops> {
  const { messages, upTo } = await readLast(connection, rooms, options);
  return {
    offsets: new Map(messages.map(found => [roomOf(found), offsetOf(ownHeader(found, 'Nats-Sequence'))])),
    upTo,
  };
}

/**
 * Reads the last messages of rooms of one partition, from any replica, in one request. The replica may lag, so the result names the
 * sequence that it had reached.
 * @param rooms at most 1,000: the server answers for at most 1,024 subjects
 * @throws {ReadFailed}
 */
export async function readLast(
  connection: NatsConnection,
  rooms: readonly string[],
  options: TopsOptions,
): Promise<LastMessages> {
  const { names, partition, timeoutMs } = options;
  const stream = names.logStream(partition);
  const subjects = rooms.map(room => names.log(partition, room));
  const ask = (more: readonly string[] = []) =>
    directBatch(connection, stream, { multi_last: [...subjects, ...more] }, timeoutMs);

  const found = await ask();
  // The server stops after 64 MB of messages.
  if (found.pending > 0 && rooms.length > 1) return await readHalves(connection, rooms, options);
  if (found.upTo !== null) return lastOf(found);

  // No room has a message in LOG. An answer without a match lacks the replica's sequence: add a room that has one.
  const last = await apiRequest<{ message: { subject: string } }>(
    connection,
    `STREAM.MSG.GET.${stream}`,
    { last_by_subj: names.logSubjects(partition) },
    timeoutMs,
  );
  if ('ok' in last) return lastOf(await ask([last.ok.message.subject]));
  if (last.error.err_code === NO_MESSAGE_FOUND) return { messages: [], upTo: Number.POSITIVE_INFINITY };
  throw new ReadFailed(`${stream} answered ${last.error.code} ${last.error.description}`);
}

async function readHalves(
  connection: NatsConnection,
  rooms: readonly string[],
  options: TopsOptions,
): Promise<LastMessages> {
  const half = Math.ceil(rooms.length / 2);
  const first = await readLast(connection, rooms.slice(0, half), options);
  const second = await readLast(connection, rooms.slice(half), options);
  return { messages: [...first.messages, ...second.messages], upTo: Math.min(first.upTo, second.upTo) };
}

const lastOf = ({ messages, upTo }: DirectBatch): LastMessages => ({ messages, upTo: upTo ?? 0 });

/** Room of a message that a stream of rooms returned. */
export const roomOf = (found: Msg): string => roomOfToken(ownHeader(found, 'Nats-Subject').split('.').at(-1) ?? '');

const ownHeader = (found: Msg, name: string): string => serverHeader(readHeaders(found).headers, name);
