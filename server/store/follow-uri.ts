import type { Logger } from 'pino';
import type { OptionName } from '../contract/options.ts';
import type { Config } from '../settings/config.ts';
import type { MongoStore } from './mongo.ts';

/** What to tell of changed options, so that the store goes over to a connection string that is another now. */
export function followUri(
  store: MongoStore,
  config: Pick<Config, 'mongodbUri'>,
  logger: Logger,
): (changed: readonly OptionName[]) => void {
  return changed => {
    if (!changed.includes('mongodbUri')) return;
    const failed = (reason: string) =>
      logger.warn({ reason }, 'the new connection string of MongoDB does not work yet; the one before is used');
    const used = store.use(config.mongodbUri, failed);
    void used.then(inUse => {
      if (inUse) logger.info('the new connection string of MongoDB is used');
    });
  };
}
