import type { NatsConnection } from '@nats-io/transport-node';
import type { Names } from './names.ts';

/**
 * Calls `resume` when live messages may have been lost: after a reconnect, and when a stream has a new leader.
 * @returns a function that stops it
 */
export function onResume(
  connections: readonly NatsConnection[],
  names: Names,
  partitions: number,
  resume: () => unknown,
): () => void {
  let stopped = false;
  for (const connection of connections) {
    void (async () => {
      for await (const status of connection.status()) if (status.type === 'reconnect' && !stopped) resume();
    })();
  }
  const [first] = connections;
  const elections = Array.from({ length: partitions }, (_, partition) => [
    names.logStream(partition),
    names.liveStream(partition),
  ])
    .flat()
    .map(stream =>
      first?.subscribe(`$JS.EVENT.ADVISORY.STREAM.LEADER_ELECTED.${stream}`, {
        callback: error => {
          if (!error && !stopped) resume();
        },
      }),
    );
  return () => {
    stopped = true;
    for (const election of elections) election?.unsubscribe();
  };
}
