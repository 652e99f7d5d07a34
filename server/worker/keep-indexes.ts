import type { Logger } from 'pino';
import type { MongoStore } from '../store/mongo.ts';
import { type Clock, sleep } from '../time/clock.ts';

export interface IndexParts {
  readonly store: Pick<MongoStore, 'missingIndexes' | 'buildIndexes'>;
  /** Called with the number of indexes that are missing. */
  readonly missing: (count: number) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

const LOOK_MS = 60_000;

/**
 * Builds the indexes that a collection of an earlier version lacks, beside everything else: on a large collection that
 * takes minutes or hours, in which messages are stored and read as before. Looked after once a minute.
 */
export async function keepIndexes({ store, missing, clock, log }: IndexParts, signal: AbortSignal): Promise<void> {
  for (let reason = ''; !signal.aborted; ) {
    try {
      const names = await store.missingIndexes();
      missing(names.length);
      if (names.length > 0) {
        const began = clock.now();
        log.warn(
          { indexes: names },
          'indexes of the collection messages are missing; they are built in the background',
        );
        await store.buildIndexes(names);
        missing(0);
        log.info({ indexes: names, ms: Math.round(clock.now() - began) }, 'the indexes are built');
      }
      reason = '';
    } catch (error) {
      const { message } = error as Error;
      if (message !== reason)
        log.warn({ reason: message }, 'the indexes could not be looked at or built; it is tried again');
      reason = message;
    }
    await sleep(clock, LOOK_MS, signal);
  }
}
