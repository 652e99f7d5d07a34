import { millis, type NatsConnection } from '@nats-io/transport-node';
import { ReadFailed } from '../room/log.ts';
import type { Clocks, Moment } from '../time/clock.ts';
import { apiRequest } from './jetstream-api.ts';
import type { Names } from './names.ts';

const TIMEOUT_MS = 5_000;
/** Time for which an answer is counted on from: a clock that is set is noticed that much later. */
const COUNTED_MS = 10_000;

/** Time by which a LOG stream recognises ids. */
export interface LogTime {
  /** Milliseconds since 1970, by the clock of the leader, which also stamps the entries. */
  readonly now: number;
  /** Time for which it recognises an id, milliseconds. */
  readonly windowMs: number;
}

interface StreamInfo {
  readonly config: { readonly duplicate_window: number };
  readonly ts: string;
}

/** Reads the time of the LOG stream of a partition. @throws {ReadFailed} if LOG does not answer */
export async function readLogTime(connection: NatsConnection, names: Names, partition: number): Promise<LogTime> {
  const stream = names.logStream(partition);
  const answer = await apiRequest<StreamInfo>(connection, `STREAM.INFO.${stream}`, {}, TIMEOUT_MS);
  if ('error' in answer) throw new ReadFailed(`${stream} answered ${answer.error.code} ${answer.error.description}`);
  const { config, ts } = answer.ok;
  return { now: Date.parse(ts), windowMs: millis(config.duplicate_window) };
}

/**
 * Clocks of LOG streams, which are asked at most once in {@link COUNTED_MS} each.
 * @param read as {@link readLogTime}
 */
export function logClock(
  read: (partition: number) => Promise<LogTime>,
  { now }: Pick<Clocks, 'now'>,
): (partition: number) => Promise<LogTime> {
  const known = new Map<number, { readonly at: Moment; readonly time: Promise<LogTime> }>();
  return async partition => {
    let last = known.get(partition);
    if (!last || now() - last.at > COUNTED_MS) {
      last = { at: now(), time: read(partition) };
      known.set(partition, last);
      last.time.catch(() => known.delete(partition));
    }
    const time = await last.time;
    return { ...time, now: time.now + (now() - last.at) };
  };
}
