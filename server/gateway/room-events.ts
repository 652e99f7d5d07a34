import type { Logger } from 'pino';
import type { RoomEvents } from '../room/room.ts';
import type { GatewayMetrics } from '../telemetry/gateway-metrics.ts';
import type { LoadMeter } from '../telemetry/load-meter.ts';
import type { MessageTrace } from '../telemetry/message-trace.ts';
import type { Clocks } from '../time/clock.ts';
import { Repeats } from '../time/repeats.ts';

/** Counts, traces and logs what happens in rooms. */
export function roomEvents(
  metrics: GatewayMetrics,
  meter: LoadMeter,
  trace: MessageTrace,
  logger: Logger,
  { now, wallClock }: Clocks,
): RoomEvents {
  const repeats = new Repeats(now);
  return {
    delivered(message, deliveries, bytes, live) {
      if (deliveries === 0) return;
      meter.delivered(deliveries);
      metrics.delivered(deliveries, bytes);
      if (live) metrics.deliverySeconds.observe(Math.max(0, wallClock() - message.time) / 1000);
      trace.delivered(message, deliveries);
    },
    repaired: (cause, messages) => metrics.repair(cause, messages),
    repairFailed(room, error) {
      metrics.repairFailures.inc();
      // Rooms fail together: one line stands for all.
      const reason = (error as Error).message;
      const news = repeats.news(reason);
      if (news)
        logger.warn({ room, reason, ...news }, 'a comparison with the stream failed; it is retried within seconds');
    },
  };
}
