import { type NatsConnection, nanos } from '@nats-io/transport-node';
import { type Delivery, toDelivery } from './delivery.ts';
import { messagesOfPull } from './pull-end.ts';
import { readHeaders } from './read-headers.ts';

/** Bounds of one pull. */
export interface PullRequest {
  /** Most messages. */
  readonly batch: number;
  /** Most bytes of all messages; the server stops before a message that would exceed it. */
  readonly maxBytes: number;
  /** Milliseconds that the server waits for messages; with 0 it sends those that are there. */
  readonly waitMs: number;
}

/** The pull failed: the consumer or its stream is missing or refused, or NATS did not answer. */
export class PullFailed extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'PullFailed';
  }
}

/** Longest wait for the next answer; after it the messages that arrived are the result. */
const LATE_MS = 2_000;

/**
 * Pulls messages from a consumer once. Unlike the library's `fetch` it can take just the messages that are there now: a batch
 * can then end without an open request, whose messages would not be delivered again before their ack wait has passed.
 * @throws {PullFailed} if the pull failed before any message arrived
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
          if (code === 0) return; // not from the server: any NATS client may publish to an inbox
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
