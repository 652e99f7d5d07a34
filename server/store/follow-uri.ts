import type { Logger } from 'pino';
import type { OptionName } from '../contract/options.ts';
import type { Config } from '../settings/config.ts';
import type { MongoStore } from './mongo.ts';

/** Returns a listener for changed options that makes the store use a new MongoDB connection string. */
export function followUri(
  store: MongoStore,
  config: Pick<Config, 'mongodbUri'>,
  logger: Logger,
): (changed: readonly OptionName[]) => void {
  return changed => {
    if (!changed.includes('mongodbUri')) return;
    const failed = (reason: string) =>
      logger.warn({ reason }, 'the new connection string of MongoDB does not work yet; the previous one stays in use');
    const used = store.use(config.mongodbUri, failed);
    void used.then(inUse => {
      if (inUse) logger.info('the new connection string of MongoDB is in use');
    });
  };
}
