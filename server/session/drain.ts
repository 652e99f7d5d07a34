import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Hub } from './hub.ts';

export interface DrainOptions {
  /** Time in which connections are still accepted, until the load balancers have heard of NotReady. */
  readonly delayMs: number;
  /** Time over which the connections are closed. */
  readonly waveMs: number;
  readonly stopAccepting: () => void;
  readonly logger: Logger;
}

const WAVE_EVERY_MS = 250;

/** How many connections the next wave closes, so that all are closed when `msLeft` has passed. */
export function waveSize(connections: number, msLeft: number): number {
  return Math.ceil(connections / Math.max(1, Math.floor(msLeft / WAVE_EVERY_MS)));
}

/** Closes all connections in even waves. Readiness must be off before. */
export async function drain(hub: Hub, options: DrainOptions): Promise<void> {
  const { logger, delayMs, waveMs } = options;
  logger.info({ connections: hub.sessions.size, delayMs, waveMs }, 'drain started');
  if (hub.sessions.size > 0) await sleep(delayMs);
  options.stopAccepting();
  const deadline = performance.now() + waveMs;
  while (hub.sessions.size > 0) {
    hub.shed(waveSize(hub.sessions.size, deadline - performance.now()));
    if (hub.sessions.size > 0) await sleep(WAVE_EVERY_MS);
  }
  logger.info('drain finished');
}
