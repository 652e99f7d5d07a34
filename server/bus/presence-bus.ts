import type { NatsConnection } from '@nats-io/transport-node';
import type { PresenceBus } from '../presence/presence.ts';
import type { Names } from './names.ts';

/** Presence over core NATS: nothing is stored, what gets lost is asked or said again. */
export function presenceBus(connection: NatsConnection, names: Names): PresenceBus {
  return {
    beat(gateway, leaving) {
      if (!connection.isClosed()) connection.publish(names.gatewayBeat, JSON.stringify({ gateway, leaving }));
    },
    onBeat(heard) {
      connection.subscribe(names.gatewayBeat, {
        callback: (error, message) => {
          if (error) return;
          const beat = message.json<{ gateway: string; leaving: boolean }>();
          heard(beat.gateway, beat.leaving);
        },
      });
    },
    ask(question, answer) {
      const inbox = `_INBOX.${crypto.randomUUID()}`;
      const replies = connection.subscribe(inbox, {
        callback: (error, message) => {
          // Without any listener the server answers for them, with status 503 and no body.
          if (!error && message.data.byteLength > 0) answer(message.string());
        },
      });
      connection.publish(names.presenceAsk, question, { reply: inbox });
      return { stop: () => replies.unsubscribe() };
    },
    onAsk(reply) {
      connection.subscribe(names.presenceAsk, {
        callback: (error, message) => {
          if (!error) message.respond(reply(message.string()));
        },
      });
    },
  };
}
