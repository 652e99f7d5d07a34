import { errors, headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { FILLED, readFilled } from '../membership/policy-filled.ts';
import type { PolicyEntry, PolicyKey, PolicySnapshot, PolicyStore } from '../membership/policy-store.ts';
import { MessageRefused, PublishFailed, ReadFailed } from '../room/log.ts';
import { type ApiError, apiRequest, NO_MESSAGE_FOUND, WRONG_LAST_SEQUENCE } from './jetstream-api.ts';
import { type Names, roomToken } from './names.ts';
import { readReached } from './reached-read.ts';
import { offsetOf, readHeaders, serverHeader } from './read-headers.ts';

const TIMEOUT_MS = 2_000;
/** Header of a key's removal. */
const OPERATION = 'KV-Operation';

interface Held {
  readonly message: { readonly seq: number; readonly data?: string; readonly hdrs?: string };
}
interface WriteAnswer {
  readonly seq?: number;
  readonly error?: ApiError;
}

/**
 * The key-value bucket POLICY as {@link PolicyStore}. A single key is read from the leader. Many keys are read from any replica that
 * has reached what the leader had: a replica that lags would refuse users who were just let in.
 */
export function policyKv(
  connection: NatsConnection,
  { policyBucket: bucket }: Pick<Names, 'policyBucket'>,
): PolicyStore {
  const stream = `KV_${bucket}`;
  const subjectOf = (key: PolicyKey) => `$KV.${bucket}.${tokensOf(key)}`;

  /** Last entry of a key; a removal has no value. */
  const last = async (subject: string): Promise<{ text: string | null; revision: number } | null> => {
    const answer = await apiRequest<Held>(
      connection,
      `STREAM.MSG.GET.${stream}`,
      { last_by_subj: subject },
      TIMEOUT_MS,
    );
    if ('error' in answer) {
      if (answer.error.err_code === NO_MESSAGE_FOUND) return null;
      throw new ReadFailed(`${stream} answered ${answer.error.code} ${answer.error.description}`);
    }
    const { seq, data = '', hdrs = '' } = answer.ok.message;
    // An administrator may remove a key.
    const removed = Buffer.from(hdrs, 'base64').includes(`${OPERATION}:`);
    return { text: removed ? null : Buffer.from(data, 'base64').toString('utf8'), revision: seq };
  };

  const write = async (subject: string, text: string, revision: number): Promise<boolean> => {
    const expected = headers();
    expected.set('Nats-Expected-Last-Subject-Sequence', String(revision));
    let answer: WriteAnswer;
    try {
      const reply = await connection.request(subject, text, { headers: expected, timeout: TIMEOUT_MS });
      answer = reply.json<WriteAnswer>();
    } catch (error) {
      // The library refuses to send it: it is larger than the server accepts.
      if (error instanceof errors.InvalidArgumentError)
        throw new MessageRefused(`the bucket ${bucket} takes no value of ${Buffer.byteLength(text)} bytes`, error);
      throw new PublishFailed(`the bucket ${bucket} did not confirm a write`, error);
    }
    if (answer.error?.err_code === WRONG_LAST_SEQUENCE) return false;
    if (!answer.seq) throw new PublishFailed(`the bucket ${bucket} refused a write: ${answer.error?.description}`);
    return true;
  };

  const read = async (key: PolicyKey): Promise<PolicyEntry | null> => {
    const found = await last(subjectOf(key));
    return found && found.text !== null ? { value: parsed(found.text), revision: found.revision } : null;
  };

  const snapshot = async (keys: readonly PolicyKey[]): Promise<PolicySnapshot> => {
    const subjects = [...keys, FILLED].map(subjectOf);
    const found = await reachedValues(connection, stream, subjects);
    if (found === 'unreached') return { entries: await Promise.all(keys.map(read)), complete: false };
    if (found !== 'too large') {
      const [mark, ...entries] = [...subjects.slice(-1), ...subjects.slice(0, -1)].map(each => found.get(each) ?? null);
      return { entries, complete: readFilled(mark?.value).complete };
    }
    if (keys.length < 2) throw new ReadFailed(`${stream} has a value that is too large`);
    const half = Math.ceil(keys.length / 2);
    const parts = [await snapshot(keys.slice(0, half)), await snapshot(keys.slice(half))];
    return { entries: parts.flatMap(({ entries }) => entries), complete: parts.every(({ complete }) => complete) };
  };

  return {
    read,
    snapshot,
    async write(key, value, revision) {
      const subject = subjectOf(key);
      const text = JSON.stringify(value);
      if (await write(subject, text, revision)) return true;
      if (revision > 0) return false;
      const found = await last(subject).catch((error: unknown) => {
        throw new PublishFailed(`the bucket ${bucket} could not be read`, error);
      });
      return found?.text === null && (await write(subject, text, found.revision));
    },
  };
}

/** Null for a text that no gateway or worker wrote. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Reads values as {@link readReached} does, by subject. */
async function reachedValues(
  connection: NatsConnection,
  stream: string,
  subjects: readonly string[],
): Promise<ReadonlyMap<string, PolicyEntry> | 'unreached' | 'too large'> {
  const messages = await readReached(connection, stream, subjects, TIMEOUT_MS);
  return typeof messages === 'string' ? messages : new Map(messages.flatMap(keyAndValue));
}

/** Subject and value of a message; nothing for a removal. */
function keyAndValue(message: Msg): readonly (readonly [string, PolicyEntry])[] {
  const { headers: found } = readHeaders(message);
  if (found?.has(OPERATION)) return [];
  const revision = offsetOf(serverHeader(found, 'Nats-Sequence'));
  return [[serverHeader(found, 'Nats-Subject'), { value: parsed(message.string()), revision }]];
}

function tokensOf(key: PolicyKey): string {
  if ('room' in key) return `r.${roomToken(key.room)}`;
  // Of two tokens: the key of a partition has one.
  if ('pair' in key) return `p.${key.pair.map(roomToken).join('.')}`;
  if ('counts' in key) return `q.${roomToken(key.counts)}`;
  if ('settings' in key) return `s.${roomToken(key.settings)}`;
  if ('lost' in key) return `l.${key.lost}`;
  if ('partition' in key) return `p.${key.partition}`;
  if ('mark' in key) return key.mark;
  return key.part === undefined ? `u.${roomToken(key.user)}` : `u.${roomToken(key.user)}.${key.part}`;
}
