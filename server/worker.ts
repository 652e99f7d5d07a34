/** Entry point of a worker: makes the streams, stores their messages in MongoDB. Exits with 0 on SIGTERM. */

import { createLogger } from './process/logger.ts';
import { run } from './run.ts';
import { SettingsSource } from './settings/source.ts';
import { unknownVariables } from './settings/unknown-variables.ts';
import { startTracing } from './telemetry/tracing.ts';
import { startWorker } from './worker/start.ts';

await run(async () => {
  const settings = await SettingsSource.open('worker', process.env);
  const { config } = settings;
  const tracing = await startTracing('chatcluster-worker', process.env);
  const logger = createLogger(config.logLevel, config.processName);
  for (const warning of unknownVariables(process.env)) logger.warn(warning);
  const worker = await startWorker(config, { logger, settings });
  return async () => {
    await worker.stop();
    await tracing?.stop();
  };
});
