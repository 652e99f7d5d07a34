import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { type LoggedDelete, ReadFailed } from '../room/log.ts';
import { REPLICA_PATIENCE_MS } from '../room/replica-patience.ts';
import { directBatch } from './direct-read.ts';
import { readEnvelope } from './envelope.ts';
import { apiRequest, NO_MESSAGE_FOUND } from './jetstream-api.ts';
import type { Names } from './names.ts';
import { offsetOf, readHeaders, serverHeader } from './read-headers.ts';

/** Entries and bytes of one read. */
const BATCH = { batch: 500, max_bytes: 1024 * 1024 };
const TIMEOUT_MS = 2_000;
const NO_BODY = new Uint8Array(0);

/** Range of a room's entries in LOG. */
export interface DeletionsRange {
  readonly partition: number;
  readonly room: string;
  /** Exclusive. */
  readonly after: number;
  /** Inclusive. */
  readonly upto: number;
}

/**
 * Reads the delete entries of a room in a range of LOG, ascending. Reads all entries of the room there, so the range should be
 * short. Those that do not count are among them.
 * @throws {ReadFailed} if LOG does not answer, or a replica lags
 */
export async function readDeletions(
  connection: NatsConnection,
  names: Names,
  { partition, room, after, upto }: DeletionsRange,
): Promise<LoggedDelete[]> {
  const stream = names.logStream(partition);
  const subject = names.log(partition, room);
  const found: LoggedDelete[] = [];
  let waits = 0;
  for (let at = after; at < upto; ) {
    // The leader knows the end; in most rooms there is nothing.
    const next = await leaderNext(connection, stream, subject, at);
    if (next === 0 || next > upto) break;
    const request = { seq: at + 1, next_by_subj: subject, ...BATCH };
    const { messages } = await directBatch(connection, stream, request, TIMEOUT_MS);
    for (const message of messages) {
      const own = readHeaders(message).headers;
      at = offsetOf(serverHeader(own, 'Nats-Sequence'));
      const { type, targets, user, seen } = readEnvelope(room, '', at, own, NO_BODY);
      if (at <= upto && type === 'delete' && targets.length > 0) found.push({ offset: at, targets, user, seen });
    }
    if (messages.length > 0) continue;
    const patience = REPLICA_PATIENCE_MS[waits++];
    if (patience === undefined) throw new ReadFailed(`a replica of ${stream} lags`);
    await sleep(patience);
  }
  return found;
}

/** Offset of the first entry of a subject above `at`, by the leader; 0 for none. */
async function leaderNext(connection: NatsConnection, stream: string, subject: string, at: number): Promise<number> {
  const answer = await apiRequest<{ message: { seq: number } }>(
    connection,
    `STREAM.MSG.GET.${stream}`,
    { seq: at + 1, next_by_subj: subject },
    TIMEOUT_MS,
  );
  if ('ok' in answer) return answer.ok.message.seq;
  if (answer.error.err_code === NO_MESSAGE_FOUND) return 0;
  throw new ReadFailed(`${stream} answered ${answer.error.code} ${answer.error.description}`);
}
