import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { RoomLog } from '../room/log.ts';
import { type Moment, systemClock } from '../time/clock.ts';
import { Repeats } from '../time/repeats.ts';

const RETRY_MS = 500;

/** Time between attempts. */
export interface Waiting {
  readonly now: () => Moment;
  /** Waits between two attempts. */
  readonly pause: () => Promise<unknown>;
}

const BY_THE_CLOCK: Waiting = { now: systemClock.now, pause: () => sleep(RETRY_MS) };

/** Waits until a worker has made the streams. Only workers make them; a gateway that waits is not Ready. */
export async function streamsExist(
  log: Pick<RoomLog, 'partitions' | 'state'>,
  logger: Logger,
  { now, pause }: Waiting = BY_THE_CLOCK,
): Promise<void> {
  const repeats = new Repeats(now);
  for (let partition = 0; partition < log.partitions; ) {
    try {
      await log.state(partition);
      partition += 1;
    } catch (error) {
      const reason = (error as Error).message;
      const news = repeats.news(reason);
      if (news) logger.warn({ partition, reason, ...news }, 'waiting for a worker to make the streams');
      await pause();
    }
  }
}
