import type { Logger } from 'pino';
import type { OutageListener } from './circuit.ts';

/** Logs the start of an outage of MongoDB as a warning with its reason, and its end. Pass it to {@link MongoStore.watch}. */
export function outageLog(logger: Logger): OutageListener {
  return reason => {
    if (reason === null) logger.info('MongoDB answers again');
    else
      logger.warn(
        { reason },
        'MongoDB does not answer: messages that are only in MongoDB cannot be read until it does; sending and live delivery go on',
      );
  };
}
