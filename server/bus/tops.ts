import type { NatsConnection } from '@nats-io/transport-node';
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

/**
 * Reads the offsets of the last messages of rooms of one partition, from any replica, in one request. The replica may lag, so the
 * result names the sequence that it had reached.
 * @param rooms at most 1,000: the server answers for at most 1,024 subjects
 * @throws {ReadFailed}
 */
export async function readTops(
  connection: NatsConnection,
  rooms: readonly string[],
  options: TopsOptions,
): Promise<Tops> {
  const { names, partition, timeoutMs } = options;
  const stream = names.logStream(partition);
  const subjects = rooms.map(room => names.log(partition, room));
  const ask = (more: readonly string[] = []) =>
    directBatch(connection, stream, { multi_last: [...subjects, ...more] }, timeoutMs);

  const found = await ask();
  // The server stops after 64 MB of messages.
  if (found.pending > 0 && rooms.length > 1) return await readHalves(connection, rooms, options);
  if (found.upTo !== null) return topsOf(found);

  // No room has a message in LOG. An answer without a match lacks the replica's sequence: add a room that has one.
  const last = await apiRequest<{ message: { subject: string } }>(
    connection,
    `STREAM.MSG.GET.${stream}`,
    { last_by_subj: names.logSubjects(partition) },
    timeoutMs,
  );
  if ('ok' in last) return topsOf(await ask([last.ok.message.subject]));
  if (last.error.err_code === NO_MESSAGE_FOUND) return { offsets: new Map(), upTo: Number.POSITIVE_INFINITY };
  throw new ReadFailed(`${stream} answered ${last.error.code} ${last.error.description}`);
}

async function readHalves(connection: NatsConnection, rooms: readonly string[], options: TopsOptions): Promise<Tops> {
  const half = Math.ceil(rooms.length / 2);
  const first = await readTops(connection, rooms.slice(0, half), options);
  const second = await readTops(connection, rooms.slice(half), options);
  return { offsets: new Map([...first.offsets, ...second.offsets]), upTo: Math.min(first.upTo, second.upTo) };
}

const topsOf = ({ messages, upTo }: DirectBatch): Tops => ({
  offsets: new Map(
    messages.map(found => {
      const { headers } = readHeaders(found);
      const token = serverHeader(headers, 'Nats-Subject').split('.').at(-1) ?? '';
      return [roomOfToken(token), offsetOf(serverHeader(headers, 'Nats-Sequence'))];
    }),
  ),
  upTo: upTo ?? 0,
});
