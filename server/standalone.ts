/**
 * Entry point of a gateway and a worker in one process, for development. Takes the options of
 * both; the worker's admin port is random.
 */
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
import { startWorker } from './worker/start.ts';

await run(async () => {
  const settings = await SettingsSource.open('standalone', process.env);
  const { config } = settings;
  const tracing = await startTracing('chatcluster', process.env);
  const logger = createLogger(config.logLevel, config.processName);
  for (const warning of unknownVariables(process.env)) logger.warn(warning);
  const store = mongoStore(config.mongodbUri, names(config.instance).database);
  store.watch(outageLog(logger));
  const worker = await startWorker(config, { logger, store, adminPort: 0 });
  const changed = followUri(store, config, logger);
  const trace = tracing ? { trace: messageTrace() } : {};
  const gateway = await startGateway(config, { store, logger, settings, changed, host: '127.0.0.1', ...trace });
  return async () => {
    await gateway.stop(); // without a drain: a developer does not want to wait
    await Promise.allSettled([worker.stop(), tracing?.stop()]); // the worker closes the store
  };
});
