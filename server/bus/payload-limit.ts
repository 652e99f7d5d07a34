import type { NatsConnection } from '@nats-io/transport-node';

/** The most that the headers of a message take, with the longest name of a user in it. */
export const ENVELOPE_MOST_BYTES = 2_048;

/**
 * The largest body the connected server takes: its `max_payload` counts the headers too. It may be another one after each
 * reconnect. Infinity before the first connect.
 */
export function mostBodyBytes(connection: Pick<NatsConnection, 'info'>): number {
  return (connection.info?.max_payload ?? Number.POSITIVE_INFINITY) - ENVELOPE_MOST_BYTES;
}
