import type { NatsConnection } from '@nats-io/transport-node';

/** Returns a function that is true while the connection is up. */
export function connectionState(connection: NatsConnection): () => boolean {
  let up = true;
  void (async () => {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') up = false;
      else if (status.type === 'reconnect') up = true;
    }
  })();
  return () => up && !connection.isClosed();
}
