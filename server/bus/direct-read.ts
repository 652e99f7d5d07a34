import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { ReadFailed } from '../room/log.ts';
import { offsetOf, readHeaders, serverHeader } from './read-headers.ts';

export interface DirectBatch {
  /** Messages in the order of the stream, headers as stored plus `Nats-Sequence`, `Nats-Subject`: see {@link readHeaders}. */
  readonly messages: readonly Msg[];
  /** Messages that match beyond the last one. */
  readonly pending: number;
  /** Sequence up to which a `multi_last` without `up_to_seq` looked; null for an empty batch and for other requests. */
  readonly upTo: number | null;
}

/**
 * One batched direct get (`$JS.API.DIRECT.GET.<stream>`). The answers end with status 204; no match is 404, which is
 * an empty batch unless messages came before it. Everything else is {@link ReadFailed}: silence (a server that lost its
 * replica says nothing), and a part that a connection lost. May be stale by what its replica lags.
 *
 * A mirror may answer for its origin, and LIVE holds only the last minutes: `ensureStreams` keeps it out, but a restart
 * of nats-server brings it back until a worker has looked. Its messages name it, so it is never taken for the whole; an
 * empty answer does not, so ask the leader before believing that there is nothing.
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
    /** Sequence of the last message; each answer names the one before it. */
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
          return finish(new ReadFailed(`a part of what ${stream} answered was lost on the way`));
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
