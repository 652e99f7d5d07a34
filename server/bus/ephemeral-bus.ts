import type { NatsConnection } from '@nats-io/transport-node';
import type { EphemeralBus } from '../ephemeral/bus.ts';
import { connectionState } from './connection-state.ts';
import type { Names } from './names.ts';

/** Largest batch, unless the server accepts less: one to each gateway in 50 ms is 5 MB a second. */
const MOST_BYTES = 256 * 1024;

/**
 * Ephemeral events over core NATS.
 * @param connection one that carries no publishes: nothing may delay them
 */
export function ephemeralBus(connection: NatsConnection, names: Names): EphemeralBus {
  const connected = connectionState(connection);
  return {
    mostBytes: () => Math.min(MOST_BYTES, connection.info?.max_payload ?? MOST_BYTES),
    send(gateway, batch) {
      // The client of NATS would keep it and send it after the reconnect, when it is outdated.
      if (!connected()) return false;
      try {
        connection.publish(names.ephemeralOf(gateway), batch);
        return true;
      } catch {
        return false;
      }
    },
    onBatch(gateway, received) {
      connection.subscribe(names.ephemeralOf(gateway), {
        callback: (error, message) => {
          if (error) return;
          try {
            received(message.string());
          } catch {} // it would end the connection
        },
      });
    },
  };
}
