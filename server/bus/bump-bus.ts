import type { NatsConnection } from '@nats-io/transport-node';
import type { BumpBus } from '../ephemeral/bump-bus.ts';
import { readDigest } from './last-entry.ts';
import { type Names, roomOfToken } from './names.ts';

/** Ends of rooms from the writes of workers to LAST: a subscription sees them without a stream of its own. */
export function bumpBus(connection: NatsConnection, names: Names): BumpBus {
  return {
    follow(partition, wanted, heard) {
      const subscription = connection.subscribe(names.lastSubjects(partition), {
        callback: (error, { subject, data }) => {
          if (error || subject === names.lastMark(partition)) return;
          const room = roomOfToken(subject.slice(subject.lastIndexOf('.') + 1));
          if (!wanted(room)) return;
          const { top, countable } = readDigest(data) ?? {};
          if (top !== undefined && countable !== undefined) heard({ room, top, countable });
        },
      });
      return () => subscription.unsubscribe();
    },
  };
}
