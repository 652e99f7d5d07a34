/** Entry point of a worker: moves messages from the streams to MongoDB and keeps the streams. Ends 0 on SIGTERM. */
import { ConfigError, loadConfig } from './config.ts';
import { startTracing } from './telemetry/tracing.ts';
import { startWorker } from './worker/start.ts';

try {
  const config = loadConfig('worker', process.env);
  const tracing = await startTracing('chatcluster-worker', process.env);
  const worker = await startWorker(config);

  let signals = 0;
  const end = async () => {
    signals += 1;
    if (signals > 1) process.exit(1);
    await worker.stop();
    await tracing?.stop();
    process.exit(0);
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
}
