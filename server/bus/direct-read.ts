import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { ReadFailed } from '../room/log.ts';
import { offsetOf, readHeaders, serverHeader } from './read-headers.ts';

/** Result of a batched direct get. */
export interface DirectBatch {
  /** Messages in the order of the stream, headers as stored plus `Nats-Sequence`, `Nats-Subject`: see {@link readHeaders}. */
  readonly messages: readonly Msg[];
  /** Number of matching messages after the last one. */
  readonly pending: number;
  /** Sequence that the replica had reached at a `multi_last` without `up_to_seq`; null for an empty batch and other requests. */
  readonly upTo: number | null;
}

/**
 * Sends one batched direct get (`$JS.API.DIRECT.GET.<stream>`), which any replica answers: the result may lack the newest
 * messages. The messages end with status 204; without a match there is only status 404.
 *
 * LIVE, a mirror with only the last minutes, may answer for LOG: workers prevent that, but after a restart of nats-server it
 * can happen until a worker has looked. Its messages name their stream and are refused. An empty result does not: ask the
 * leader before concluding that there is no message.
 * @throws {ReadFailed} for any other status, for no answer in time (a server without its replica does not answer), and if the
 *   connection lost part of the messages
 * @param request for example `{ next_by_subj, seq, batch, max_bytes }` or `{ multi_last, up_to_seq }`
 */
export function directBatch(
  connection: NatsConnection,
  stream: string,
  request: object,
  timeoutMs: number,
): Promise<DirectBatch> {
  return new Promise((resolve, reject) => {
    if (connection.isClosed()) return reject(new ReadFailed('the connection to NATS is closed'));
    const messages: Msg[] = [];
    /** Sequence of the last message so far; each message names its predecessor. */
    let reached = 0;
    const inbox = `_INBOX.${crypto.randomUUID()}`;
    const finish = (error: ReadFailed | null, pending = 0, upTo: number | null = null) => {
      clearTimeout(timer);
      subscription.unsubscribe();
      if (error) reject(error);
      else resolve({ messages, pending, upTo });
    };
    const timer = setTimeout(() => finish(new ReadFailed(`no answer from ${stream}`)), timeoutMs);
    const subscription = connection.subscribe(inbox, {
      callback: (error, message) => {
        if (error) return finish(new ReadFailed(`read of ${stream} failed`, error));
        const { headers } = readHeaders(message);
        const code = headers?.code ?? 0;
        if ((code === 0 || code === 204) && offsetOf(serverHeader(headers, 'Nats-Last-Sequence')) !== reached)
          return finish(new ReadFailed(`part of the answer of ${stream} was lost on the way`));
        if (code === 0) {
          const from = serverHeader(headers, 'Nats-Stream');
          if (from !== stream) return finish(new ReadFailed(`the mirror ${from} answered for ${stream}`));
          messages.push(message);
          reached = offsetOf(serverHeader(headers, 'Nats-Sequence'));
        } else if (code === 404 && messages.length === 0) finish(null);
        else if (code === 204) {
          const upTo = offsetOf(serverHeader(headers, 'Nats-UpTo-Sequence'));
          finish(null, offsetOf(serverHeader(headers, 'Nats-Num-Pending')), upTo > 0 ? upTo : null);
        } else finish(new ReadFailed(`${stream} answered ${code} ${headers?.description ?? ''}`));
      },
    });
    try {
      connection.publish(`$JS.API.DIRECT.GET.${stream}`, JSON.stringify(request), { reply: inbox });
    } catch (error) {
      finish(new ReadFailed(`read of ${stream} could not be sent`, error));
    }
  });
}
