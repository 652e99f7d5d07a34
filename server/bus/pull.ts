import { type NatsConnection, nanos } from '@nats-io/transport-node';
import { type Delivery, toDelivery } from './delivery.ts';
import { messagesOfPull } from './pull-end.ts';
import { readHeaders } from './read-headers.ts';

export interface PullRequest {
  readonly batch: number;
  /** Largest total of the messages; the server stops before the one that would pass it. */
  readonly maxBytes: number;
  /** Time the server waits for the first messages; 0 answers with what is there. */
  readonly waitMs: number;
}

/** The consumer or its stream did not answer as one: gone, refused, or NATS is away. */
export class PullFailed extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'PullFailed';
  }
}

/** How long an answer may be late before what came is taken for all. */
const LATE_MS = 2_000;

/**
 * One pull from a consumer. Unlike the library's `fetch` it can be asked for what is there now, so that a batch ends by
 * age without leaving an open request that messages would be lost to until their ack wait.
 * @throws {PullFailed} only when no message came
 */
export function pull(
  connection: NatsConnection,
  stream: string,
  consumer: string,
  request: PullRequest,
): Promise<Delivery[]> {
  return new Promise((resolve, reject) => {
    if (connection.isClosed()) return reject(new PullFailed('the connection to NATS is closed'));
    const messages: Delivery[] = [];
    let expected = request.batch;
    const inbox = `_INBOX.${crypto.randomUUID()}`;
    const finish = (failure?: PullFailed): void => {
      clearTimeout(timer);
      subscription.unsubscribe();
      if (failure && messages.length === 0) reject(failure);
      else resolve(messages);
    };
    const timer = setTimeout(
      () => finish(new PullFailed(`no answer from the consumer ${consumer} of ${stream}`)),
      request.waitMs + LATE_MS,
    );
    const subscription = connection.subscribe(inbox, {
      callback: (error, message) => {
        if (error) return finish(new PullFailed(`pull from ${stream} failed`, error));
        timer.refresh();
        const delivery = toDelivery(connection, message);
        if (delivery) messages.push(delivery);
        else {
          const { headers } = readHeaders(message);
          const { code = 0, description = '' } = headers ?? {};
          if (code === 0) return; // not the server's: anybody may publish to an inbox
          const unsent = headers?.get('Nats-Pending-Messages') ?? '';
          const total = messagesOfPull({ code, description, unsent }, request.batch);
          if (total === null) return finish(new PullFailed(`${stream} answered ${code} ${description}`));
          expected = total;
        }
        if (messages.length >= expected) finish();
      },
    });
    const body = {
      batch: request.batch,
      max_bytes: request.maxBytes,
      ...(request.waitMs > 0 ? { expires: nanos(request.waitMs) } : { no_wait: true }),
    };
    try {
      connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, JSON.stringify(body), { reply: inbox });
    } catch (error) {
      finish(new PullFailed(`pull from ${stream} could not be sent`, error));
    }
  });
}
