import type { NatsConnection } from '@nats-io/transport-node';

/** Most bytes of a message's headers, with the longest user name. A delete of many messages has more of them, and a short body. */
export const ENVELOPE_MOST_BYTES = 2_048;

/**
 * Largest body in bytes that the connected NATS server accepts; its `max_payload` includes the headers. May change at each
 * reconnect. Infinity before the first connect.
 */
export function mostBodyBytes(connection: Pick<NatsConnection, 'info'>): number {
  return (connection.info?.max_payload ?? Number.POSITIVE_INFINITY) - ENVELOPE_MOST_BYTES;
}
