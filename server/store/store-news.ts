import type { Logger } from 'pino';

/** Writes into the log when MongoDB is away and when it is back. See {@link Circuit.watch}. */
export function storeNews(logger: Logger): (away: string | null) => void {
  return away => {
    if (away === null) logger.info('MongoDB answers again');
    else
      logger.warn(
        { reason: away },
        'MongoDB is away: messages that the stream no longer holds cannot be read, everything else goes on',
      );
  };
}
