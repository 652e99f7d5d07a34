import type { NatsConnection } from '@nats-io/transport-node';

/** Time without a connection after which NATS counts as down. A reconnect takes less, also in a rolling restart of NATS. */
const AWAY_MS = 5_000;

/**
 * Returns a function that is true while all of `connections` reach NATS. A lost connection counts after 5 s, so that a quick
 * reconnect changes nothing. If a server falls silent, the connection is lost within 15 s.
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
