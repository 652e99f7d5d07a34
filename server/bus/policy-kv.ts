import { headers, type NatsConnection } from '@nats-io/transport-node';
import type { PolicyEntry, PolicyKey, PolicyStore } from '../membership/policy-store.ts';
import { PublishFailed, ReadFailed } from '../room/log.ts';
import { type ApiError, apiRequest, NO_MESSAGE_FOUND, WRONG_LAST_SEQUENCE } from './jetstream-api.ts';
import { type Names, roomToken } from './names.ts';

const TIMEOUT_MS = 2_000;

interface Held {
  readonly message: { readonly seq: number; readonly data?: string; readonly hdrs?: string };
}
interface WriteAnswer {
  readonly seq?: number;
  readonly error?: ApiError;
}

/**
 * The key-value bucket POLICY as {@link PolicyStore}. Reads go to the leader: the bucket has no direct reads, so that no replica
 * answers with what is outdated.
 */
export function policyKv(
  connection: NatsConnection,
  { policyBucket: bucket }: Pick<Names, 'policyBucket'>,
): PolicyStore {
  const subjectOf = (key: PolicyKey) => `$KV.${bucket}.${tokensOf(key)}`;

  /** Last entry of a key; a removal has no value. */
  const last = async (subject: string): Promise<{ text: string | null; revision: number } | null> => {
    const stream = `KV_${bucket}`;
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
    const removed = Buffer.from(hdrs, 'base64').includes('KV-Operation:');
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
      throw new PublishFailed(`the bucket ${bucket} did not confirm a write`, error);
    }
    if (answer.error?.err_code === WRONG_LAST_SEQUENCE) return false;
    if (!answer.seq) throw new PublishFailed(`the bucket ${bucket} refused a write: ${answer.error?.description}`);
    return true;
  };

  return {
    async read(key): Promise<PolicyEntry | null> {
      const found = await last(subjectOf(key));
      return found && found.text !== null ? { value: parsed(found.text), revision: found.revision } : null;
    },
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

function tokensOf(key: PolicyKey): string {
  if ('room' in key) return `r.${roomToken(key.room)}`;
  if ('mark' in key) return key.mark;
  return key.part === undefined ? `u.${roomToken(key.user)}` : `u.${roomToken(key.user)}.${key.part}`;
}
