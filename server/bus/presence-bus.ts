import { headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
import type { Asked, JoinsBus, PresenceBus } from '../presence/bus.ts';
import type { Names } from './names.ts';

/** Largest message of an answer, unless the server takes less. */
const MOST_BYTES = 256 * 1024;
/** Bytes of a message besides its body. */
const SPARE_BYTES = 4 * 1024;
/** Marks a question to the previous release: gateways that know the header have been asked by themselves. */
const NOT_FOR_ME = 'Chat-Presence';
const NO_RESPONDERS = 503;

/** Presence over core NATS: nothing is stored, what gets lost is asked or said again. */
export function presenceBus(connection: NatsConnection, names: Names): PresenceBus & JoinsBus {
  /** What a callback throws would end the connection's reader: a message that is no good counts as lost. */
  const listen = (subject: string, heard: (message: Msg) => void): Asked => {
    const subscription = connection.subscribe(subject, {
      callback: (error, message) => {
        if (error) return;
        try {
          heard(message);
        } catch {}
      },
    });
    return { stop: () => subscription.unsubscribe() };
  };
  /** What is larger than the server takes, or comes when the connection ends, counts as lost: it is said from timers. */
  const send = (subject: string, body: string, options: Parameters<NatsConnection['publish']>[2] = {}) => {
    try {
      connection.publish(subject, body, options);
    } catch {}
  };

  const inbox = `_INBOX.${crypto.randomUUID()}`;
  const waiting = new Map<string, (message: Msg) => void>();
  let asked = 0;
  listen(`${inbox}.*`, message => waiting.get(message.subject)?.(message));
  /** One subscription takes the answers to all questions. */
  const expect = (answer: (message: Msg) => void) => {
    const reply = `${inbox}.${asked++}`;
    waiting.set(reply, answer);
    return { reply, stop: () => void waiting.delete(reply) };
  };
  const maxBytes = () => Math.min(MOST_BYTES, (connection.info?.max_payload ?? MOST_BYTES) - SPARE_BYTES);

  return {
    beat: text => send(names.gatewayBeat, text),
    onBeat: heard => void listen(names.gatewayBeat, message => heard(message.string())),
    ask(gateway, question, answer) {
      const { reply, stop } = expect(message => answer(isAway(message) ? null : message.string()));
      send(names.presenceOf(gateway), question, { reply });
      return { stop };
    },
    onAsk(gateway, reply) {
      listen(names.presenceOf(gateway), message => {
        for (const text of reply(message.string(), maxBytes())) message.respond(text);
      });
    },
    askPrevious(room, answer) {
      const { reply, stop } = expect(message => isAway(message) || answer(message.string()));
      const mark = headers();
      mark.set(NOT_FOR_ME, '1');
      send(names.presenceAsk, room, { reply, headers: mark });
      return { stop };
    },
    onAskPrevious(reply) {
      listen(names.presenceAsk, message => {
        if (!message.headers?.has(NOT_FOR_ME)) message.respond(reply(message.string()));
      });
    },
    onReconnect(resumed) {
      void (async () => {
        for await (const status of connection.status()) if (status.type === 'reconnect') resumed();
      })();
    },
    announce: (room, event) => send(names.joins(room), event),
    hear: (room, heard) => listen(names.joins(room), message => heard(message.string())),
  };
}

/** NATS answers itself, without a body, where no gateway listens. */
const isAway = (message: Msg) => message.data.byteLength === 0 && message.headers?.code === NO_RESPONDERS;
