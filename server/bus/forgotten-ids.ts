import type { NatsConnection } from '@nats-io/transport-node';
import { readLogTime } from './log-clock.ts';
import type { Names } from './names.ts';

/** Windows of deduplication after which an id is taken for forgotten. The rest is for clocks of NATS servers that differ. */
const WINDOWS = 1.25;

/**
 * Returns a function that reads the time, in milliseconds since 1970, before which the LOG of a partition stored the entries whose ids it
 * does not recognise any more. Entries stored later are needed for that: NATS makes its list of ids from them when it starts.
 * @throws {ReadFailed} if LOG does not answer
 */
export function forgottenIds(connection: NatsConnection, names: Names): (partition: number) => Promise<number> {
  return async partition => {
    const { now, windowMs } = await readLogTime(connection, names, partition);
    return now - WINDOWS * windowMs;
  };
}
