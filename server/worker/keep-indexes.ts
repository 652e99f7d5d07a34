import type { Logger } from 'pino';
import { StoreUnavailable } from '../room/history-store.ts';
import type { MongoStore } from '../store/mongo.ts';
import { type Clock, sleep } from '../time/clock.ts';

/** Store whose indexes are kept, and where their number is reported. */
export interface IndexParts {
  readonly store: Pick<MongoStore, 'missingIndexes' | 'buildIndexes'>;
  /** Called with the number of missing indexes after each look. */
  readonly missing: (count: number) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Time between two looks. */
const LOOK_MS = 60_000;
/** Time between two looks while MongoDB is away: a worker that started without it begins soon after it is back. */
const AWAY_MS = 5_000;

/**
 * Builds missing indexes of the collection `messages`, such as those of a collection that an earlier version made. Looks once a
 * minute until `signal` aborts, more often while MongoDB is away. On a large collection a build takes minutes or hours, while messages are stored and read.
 */
export async function keepIndexes({ store, missing, clock, log }: IndexParts, signal: AbortSignal): Promise<void> {
  for (let reason = ''; !signal.aborted; ) {
    let pauseMs = LOOK_MS;
    try {
      const names = await store.missingIndexes();
      missing(names.length);
      if (names.length > 0) {
        const began = clock.now();
        log.warn(
          { indexes: names },
          'indexes of the collection messages are missing; they are being built in the background',
        );
        await store.buildIndexes(names);
        missing(0);
        log.info({ indexes: names, ms: Math.round(clock.now() - began) }, 'the indexes are built');
      }
      reason = '';
    } catch (error) {
      const { message } = error as Error;
      if (error instanceof StoreUnavailable) pauseMs = AWAY_MS;
      if (message !== reason)
        log.warn(
          { reason: message },
          'the indexes of the collection messages could not be listed or built; tried again',
        );
      reason = message;
    }
    await sleep(clock, pauseMs, signal);
  }
}
