import type { Logger } from 'pino';
import type { Hub } from '../session/hub.ts';
import type { GatewayMetrics } from '../telemetry/gateway-metrics.ts';
import type { Moment } from '../time/clock.ts';
import { Traffic } from '../traffic/traffic.ts';
import { WAVE_EVERY_MS } from '../traffic/waves.ts';
import type { Part } from './part.ts';

export interface TrafficPartOptions {
  readonly hub: Hub;
  readonly metrics: GatewayMetrics;
  readonly stopAccepting: () => void;
  readonly now: () => Moment;
  readonly logger: Logger;
}

export interface TrafficPart extends Part {
  readonly traffic: Traffic;
  /** The gateway can take clients from now on; waves begin. */
  start(): void;
}

/** Takes clients, and moves them away on an intent or at the end of the process. */
export function trafficPart({ hub, metrics, stopAccepting, now, logger }: TrafficPartOptions): TrafficPart {
  const traffic = new Traffic({
    connections: () => hub.sessions.size,
    shed: count => hub.shed(count),
    stopAccepting,
    moved: (reason, count) => metrics.moves.inc({ reason }, count),
    now,
    logger,
  });
  let waves: NodeJS.Timeout | undefined;
  return {
    traffic,
    start: () => {
      waves = setInterval(() => traffic.wave(), WAVE_EVERY_MS);
      traffic.start();
    },
    stop: () => {
      stopAccepting();
      clearInterval(waves);
    },
  };
}
