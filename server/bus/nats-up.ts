import type { NatsConnection } from '@nats-io/transport-node';

/** A reconnect takes less, also when the servers of NATS are restarted one after the other. */
const AWAY_MS = 5_000;

/**
 * Whether NATS is reached by all of `connections`. One that was lost counts from when it has been away for 5 s, so that a
 * reconnect is no news; a server that falls silent is noticed within 15 s before that.
 * @param now milliseconds of a monotonic clock
 */
export function natsUp(connections: readonly NatsConnection[], now: () => number): () => boolean {
  const awaySince = new Map<NatsConnection, number>();
  for (const connection of connections)
    void (async () => {
      for await (const { type } of connection.status()) {
        if (type === 'disconnect' && !awaySince.has(connection)) awaySince.set(connection, now());
        else if (type === 'reconnect') awaySince.delete(connection);
      }
    })();
  const isUp = (connection: NatsConnection) => {
    const since = awaySince.get(connection);
    return !connection.isClosed() && (since === undefined || now() - since < AWAY_MS);
  };
  return () => connections.every(isUp);
}
