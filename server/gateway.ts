/** Entry point of a gateway: reads options from the environment, drains on SIGTERM, ends at once on a second signal. */
import { names } from './bus/names.ts';
import { startGateway } from './gateway/start.ts';
import { createLogger } from './process/logger.ts';
import { run } from './run.ts';
import { SettingsSource } from './settings/source.ts';
import { unknownVariables } from './settings/unknown-variables.ts';
import { followUri } from './store/follow-uri.ts';
import { mongoStore } from './store/mongo.ts';
import { outageLog } from './store/outage-log.ts';
import { messageTrace } from './telemetry/message-trace.ts';
import { startTracing } from './telemetry/tracing.ts';

await run(async () => {
  const settings = await SettingsSource.open('gateway', process.env);
  const { config } = settings;
  const tracing = await startTracing('chatcluster-gateway', process.env);
  const logger = createLogger(config.logLevel, config.processName);
  for (const warning of unknownVariables(process.env)) logger.warn(warning);
  const store = mongoStore(config.mongodbUri, names(config.instance).database);
  store.watch(outageLog(logger));
  const changed = followUri(store, config, logger);
  const gateway = await startGateway(config, {
    store,
    logger,
    settings,
    changed,
    ...(tracing ? { trace: messageTrace() } : {}),
  });
  return async () => {
    await gateway.drain();
    await Promise.allSettled([store.close(), tracing?.stop()]);
  };
});
