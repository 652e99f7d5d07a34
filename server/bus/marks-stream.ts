import { headers, type NatsConnection } from '@nats-io/transport-node';
import { readMark } from '../fold/mark.ts';
import type { MarkStore, StoredMark } from '../membership/mark-store.ts';
import { PublishFailed, ReadFailed } from '../room/log.ts';
import { type ApiError, apiRequest, WRONG_LAST_SEQUENCE } from './jetstream-api.ts';
import type { Names } from './names.ts';
import { readReached } from './reached-read.ts';
import { offsetOf, readHeaders, serverHeader } from './read-headers.ts';

const TIMEOUT_MS = 2_000;

interface WriteAnswer {
  readonly seq?: number;
  readonly error?: ApiError;
}

interface StreamInfo {
  readonly created: string;
  readonly state: { readonly last_seq: number };
}

/**
 * The stream MARKS as {@link MarkStore}.
 * @param write carries writes @param read carries reads: a large one must not delay a write
 */
export function marksStream(write: NatsConnection, read: NatsConnection, names: Names): MarkStore {
  const stream = names.marksStream;
  return {
    async read(keys) {
      if (keys.length === 0) return [];
      const subjects = keys.map(({ user, room }) => names.marks(user, room));
      const messages = await readReached(read, stream, subjects, TIMEOUT_MS);
      if (messages === 'too large') throw new ReadFailed(`${stream} has values that no gateway wrote`);
      const found = new Map<string, StoredMark>();
      for (const message of messages === 'unreached' ? [] : messages) {
        const own = readHeaders(message).headers;
        const revision = offsetOf(serverHeader(own, 'Nats-Sequence'));
        const mark = readMark(parsed(message.string()));
        // One that no gateway wrote is written over.
        found.set(serverHeader(own, 'Nats-Subject'), { ...(mark ?? { read: 0, delivered: 0 }), revision });
      }
      return subjects.map(subject => found.get(subject) ?? null);
    },
    async position() {
      const info = await apiRequest<StreamInfo>(read, `STREAM.INFO.${stream}`, {}, TIMEOUT_MS);
      if ('error' in info) throw new ReadFailed(`${stream} answered ${info.error.code} ${info.error.description}`);
      return { epoch: info.ok.created, sequence: info.ok.state.last_seq };
    },
    async write({ user, room }, mark, revision) {
      const expected = headers();
      expected.set('Nats-Expected-Last-Subject-Sequence', String(revision));
      let answer: WriteAnswer;
      try {
        const options = { headers: expected, timeout: TIMEOUT_MS };
        answer = (await write.request(names.marks(user, room), JSON.stringify(mark), options)).json<WriteAnswer>();
      } catch (error) {
        throw new PublishFailed(`the stream ${stream} did not confirm a write`, error);
      }
      if (answer.error?.err_code === WRONG_LAST_SEQUENCE) return null;
      if (!answer.seq) throw new PublishFailed(`the stream ${stream} refused a write: ${answer.error?.description}`);
      return answer.seq;
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
