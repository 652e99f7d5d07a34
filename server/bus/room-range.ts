import { setTimeout as sleep } from 'node:timers/promises';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { ReadFailed } from '../room/log.ts';
import { REPLICA_PATIENCE_MS } from '../room/replica-patience.ts';
import { directBatch } from './direct-read.ts';
import { apiRequest, NO_MESSAGE_FOUND } from './jetstream-api.ts';
import type { Names } from './names.ts';
import { offsetOf, readHeaders, serverHeader } from './read-headers.ts';

/** Entries and bytes of one read. */
const BATCH = { batch: 500, max_bytes: 1024 * 1024 };
const TIMEOUT_MS = 2_000;

/** Range of a room's entries in LOG. */
export interface RoomRange {
  readonly partition: number;
  readonly room: string;
  /** Exclusive. */
  readonly after: number;
  /** Inclusive. */
  readonly upto: number;
}

/**
 * Calls `take` with all entries of a room in a range of LOG, ascending. The range should be short.
 * @throws {ReadFailed} if LOG does not answer, or a replica lags
 */
export async function readRange(
  connection: NatsConnection,
  names: Names,
  { partition, room, after, upto }: RoomRange,
  take: (message: Msg, offset: number) => void,
): Promise<void> {
  const stream = names.logStream(partition);
  const subject = names.log(partition, room);
  let waits = 0;
  for (let at = after; at < upto; ) {
    // The leader knows the end; in most rooms there is nothing.
    const next = await leaderNext(connection, stream, subject, at);
    if (next === 0 || next > upto) break;
    const request = { seq: at + 1, next_by_subj: subject, ...BATCH };
    const { messages } = await directBatch(connection, stream, request, TIMEOUT_MS);
    for (const message of messages) {
      at = offsetOf(serverHeader(readHeaders(message).headers, 'Nats-Sequence'));
      if (at <= upto) take(message, at);
    }
    if (messages.length > 0) continue;
    const patience = REPLICA_PATIENCE_MS[waits++];
    if (patience === undefined) throw new ReadFailed(`a replica of ${stream} lags`);
    await sleep(patience);
  }
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
