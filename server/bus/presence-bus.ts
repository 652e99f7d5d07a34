import type { Msg, NatsConnection } from '@nats-io/transport-node';
import type { JoinEvent, JoinsBus } from '../presence/joins.ts';
import type { PresenceBus } from '../presence/presence.ts';
import type { Names } from './names.ts';

/** Presence over core NATS: nothing is stored, what gets lost is asked or said again. */
export function presenceBus(connection: NatsConnection, names: Names): PresenceBus & JoinsBus {
  /** What a callback throws would end the connection's reader: a message that is no good counts as lost. */
  const listen = (subject: string, heard: (message: Msg) => void) =>
    connection.subscribe(subject, {
      callback: (error, message) => {
        if (error) return;
        try {
          heard(message);
        } catch {}
      },
    });
  const send = (subject: string, body: string, reply?: string) => {
    if (!connection.isClosed()) connection.publish(subject, body, reply === undefined ? {} : { reply });
  };
  return {
    beat: (gateway, leaving) => send(names.gatewayBeat, JSON.stringify({ gateway, leaving })),
    onBeat(heard) {
      listen(names.gatewayBeat, message => {
        const beat = message.json<{ gateway: string; leaving: boolean }>();
        heard(beat.gateway, beat.leaving);
      });
    },
    ask(question, answer) {
      if (connection.isClosed()) return { stop: () => undefined };
      const inbox = `_INBOX.${crypto.randomUUID()}`;
      const replies = listen(inbox, message => {
        // Without any listener the server answers for them, with status 503 and no body.
        if (message.data.byteLength > 0) answer(message.string());
      });
      send(names.presenceAsk, question, inbox);
      return { stop: () => replies.unsubscribe() };
    },
    announce: (room, event) => send(names.joins(room), JSON.stringify(event)),
    hear(room, heard) {
      const events = listen(names.joins(room), message => heard(message.json<JoinEvent>()));
      return { stop: () => events.unsubscribe() };
    },
    onAsk(reply) {
      listen(names.presenceAsk, message => void message.respond(reply(message.string())));
    },
  };
}
