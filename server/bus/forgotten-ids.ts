import { millis, type NatsConnection } from '@nats-io/transport-node';
import { ReadFailed } from '../room/log.ts';
import { apiRequest } from './jetstream-api.ts';
import type { Names } from './names.ts';

const TIMEOUT_MS = 5_000;

/** Windows of deduplication after which an id is taken for forgotten. The rest is for clocks of NATS servers that differ. */
const WINDOWS = 1.25;

interface StreamInfo {
  readonly config: { readonly duplicate_window: number };
  /** Time of the answer by the clock of the leader, which also stamps the entries. */
  readonly ts: string;
}

/**
 * Returns a function that reads the time, in milliseconds since 1970, before which the LOG of a partition stored the entries whose ids it
 * does not recognise any more. Entries stored later are needed for that: NATS makes its list of ids from them when it starts.
 * @throws {ReadFailed} if LOG does not answer
 */
export function forgottenIds(connection: NatsConnection, names: Names): (partition: number) => Promise<number> {
  return async partition => {
    const stream = names.logStream(partition);
    const answer = await apiRequest<StreamInfo>(connection, `STREAM.INFO.${stream}`, {}, TIMEOUT_MS);
    if ('error' in answer) throw new ReadFailed(`${stream} answered ${answer.error.code} ${answer.error.description}`);
    const { config, ts } = answer.ok;
    return Date.parse(ts) - WINDOWS * millis(config.duplicate_window);
  };
}
