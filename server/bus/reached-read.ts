import { setTimeout as sleep } from 'node:timers/promises';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { ReadFailed } from '../room/log.ts';
import { REPLICA_PATIENCE_MS } from '../room/replica-patience.ts';
import { directBatch } from './direct-read.ts';
import { apiRequest } from './jetstream-api.ts';

/**
 * Reads the last messages of subjects at one moment, from a replica that has everything that the leader had before.
 * @param subjects at most 1,024
 * @returns `unreached` if that is not known because no subject has a message; `too large` if one answer cannot hold them
 * @throws {ReadFailed} if NATS does not answer in time, or the replica goes on lagging
 */
export async function readReached(
  connection: NatsConnection,
  stream: string,
  subjects: readonly string[],
  timeoutMs: number,
): Promise<readonly Msg[] | 'unreached' | 'too large'> {
  const info = await apiRequest<{ state: { last_seq: number } }>(connection, `STREAM.INFO.${stream}`, {}, timeoutMs);
  if ('error' in info) throw new ReadFailed(`${stream} answered ${info.error.code} ${info.error.description}`);
  const { last_seq: last } = info.ok.state;
  if (last === 0) return []; // nothing was ever written
  for (const patience of [...REPLICA_PATIENCE_MS, null]) {
    const batch = await directBatch(connection, stream, { multi_last: subjects }, timeoutMs);
    if (batch.pending > 0) return 'too large';
    if (batch.upTo === null) return 'unreached';
    if (batch.upTo >= last) return batch.messages;
    if (patience !== null) await sleep(patience);
  }
  throw new ReadFailed(`a replica of ${stream} lags`);
}
