import type { NatsConnection } from '@nats-io/transport-node';
import type { LoggedEdit } from '../room/log.ts';
import { readEnvelope } from './envelope.ts';
import type { Names } from './names.ts';
import { readHeaders } from './read-headers.ts';
import { type RoomRange, readRange } from './room-range.ts';

const NO_BODY = new Uint8Array(0);

/**
 * Reads the edits of a message in a range of LOG, ascending. Reads all entries of the room there, so the range should be short. Those
 * that do not count are among them.
 * @throws {ReadFailed} if LOG does not answer, or a replica lags
 */
export async function readEdits(
  connection: NatsConnection,
  names: Names,
  target: number,
  range: RoomRange,
): Promise<LoggedEdit[]> {
  const found: LoggedEdit[] = [];
  await readRange(connection, names, range, (message, offset) => {
    const { type, targets, user, seen } = readEnvelope(range.room, '', offset, readHeaders(message).headers, NO_BODY);
    if (type === 'edit' && targets.includes(target)) found.push({ offset, user, seen });
  });
  return found;
}
