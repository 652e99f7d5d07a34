import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { RoomLog } from '../room/log.ts';

const RETRY_MS = 500;

/** Only workers make streams: a gateway that was started first waits for them, and is not Ready meanwhile. */
export async function streamsExist(log: RoomLog, logger: Logger): Promise<void> {
  for (let partition = 0; partition < log.partitions; ) {
    try {
      await log.state(partition);
      partition += 1;
    } catch (error) {
      logger.warn({ partition, reason: (error as Error).message }, 'waiting for a worker to make the streams');
      await sleep(RETRY_MS);
    }
  }
}
