import { headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
import type { Asked, JoinsBus, PresenceBus } from '../presence/bus.ts';
import type { Names } from './names.ts';

/** Largest message of an answer, unless the server accepts less. */
const MOST_BYTES = 256 * 1024;
/** Bytes of a message kept for other things than its body. */
const SPARE_BYTES = 4 * 1024;
/**
 * Header of a request to gateways of the previous release. Gateways that know it ignore the
 * request: they got one of their own.
 */
const NOT_FOR_ME = 'Chat-Presence';
const NO_RESPONDERS = 503;

/** Presence over core NATS. Nothing is stored; the callers repeat what gets lost. */
export function presenceBus(connection: NatsConnection, names: Names): PresenceBus & JoinsBus {
  /** Ignores errors of a callback, which would otherwise end the connection: a malformed message counts as lost. */
  const listen = (subject: string, received: (message: Msg) => void): Asked => {
    const subscription = connection.subscribe(subject, {
      callback: (error, message) => {
        if (error) return;
        try {
          received(message);
        } catch {}
      },
    });
    return { stop: () => subscription.unsubscribe() };
  };
  /** Ignores messages that are too large, and a closed connection: timers call this, and callers repeat what gets lost. */
  const send = (subject: string, body: string, options: Parameters<NatsConnection['publish']>[2] = {}) => {
    try {
      connection.publish(subject, body, options);
    } catch {}
  };

  const inbox = `_INBOX.${crypto.randomUUID()}`;
  const waiting = new Map<string, (message: Msg) => void>();
  let requests = 0;
  listen(`${inbox}.*`, message => waiting.get(message.subject)?.(message));
  /** Expects an answer on its own subject; one subscription receives the answers to all requests. */
  const expect = (answer: (message: Msg) => void) => {
    const reply = `${inbox}.${requests++}`;
    waiting.set(reply, answer);
    return { reply, stop: () => void waiting.delete(reply) };
  };
  const maxBytes = () => Math.min(MOST_BYTES, (connection.info?.max_payload ?? MOST_BYTES) - SPARE_BYTES);

  return {
    beat: text => send(names.gatewayBeat, text),
    onBeat: received => void listen(names.gatewayBeat, message => received(message.string())),
    ask(gateway, question, answer) {
      const { reply, stop } = expect(message => answer(unanswered(message) ? null : message.string()));
      send(names.presenceOf(gateway), question, { reply });
      return { stop };
    },
    onAsk(gateway, reply) {
      listen(names.presenceOf(gateway), message => {
        for (const text of reply(message.string(), maxBytes())) message.respond(text);
      });
    },
    askPrevious(room, answer) {
      const { reply, stop } = expect(message => unanswered(message) || answer(message.string()));
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
    hear: (room, received) => listen(names.joins(room), message => received(message.string())),
  };
}

/** True if no gateway listens: then NATS itself answers, without a body. */
const unanswered = (message: Msg) => message.data.byteLength === 0 && message.headers?.code === NO_RESPONDERS;
