/** Entry point of a worker: moves messages from the streams to MongoDB and keeps the streams. Ends 0 on SIGTERM. */

import { createLogger } from './process/logger.ts';
import { run } from './run.ts';
import { LiveSource } from './settings/source.ts';
import { unknownVariables } from './settings/unknown-variables.ts';
import { startTracing } from './telemetry/tracing.ts';
import { startWorker } from './worker/start.ts';

await run(async () => {
  const live = await LiveSource.open('worker', process.env);
  const { config } = live;
  const tracing = await startTracing('chatcluster-worker', process.env);
  const logger = createLogger(config.logLevel, config.processName);
  for (const warning of unknownVariables(process.env)) logger.warn(warning);
  const worker = await startWorker(config, { logger, live });
  return async () => {
    await worker.stop();
    await tracing?.stop();
  };
});
