import { type ConsumerInfo, type JetStreamManager, jetstreamManager, type StreamInfo } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { ReadFailed } from '../room/log.ts';

export type { ConsumerInfo, JetStreamManager, StreamInfo };

/** How long the JetStream API may take to answer, milliseconds. */
const API_TIMEOUT_MS = 5_000;

/** The administration of streams over `connection`; makes no request itself. */
export function managerOf(connection: NatsConnection): Promise<JetStreamManager> {
  return jetstreamManager(connection, { checkAPI: false, timeout: API_TIMEOUT_MS });
}

/** What the JetStream API answers when it refuses: see the server's error list for `err_code`. */
export interface ApiError {
  readonly code: number;
  readonly err_code: number;
  readonly description: string;
}

/** The message is larger than the stream takes, or its headers are. */
export const MESSAGE_TOO_LARGE = 10_054;
export const HEADERS_TOO_LARGE = 10_097;
/** No message matches. */
export const NO_MESSAGE_FOUND = 10_037;
export const STREAM_NOT_FOUND = 10_059;
export const CONSUMER_NOT_FOUND = 10_014;

/** The answer to a question that the library asks; null for a refusal with one of the codes, which say that it is missing. */
export async function orNull<T>(asked: Promise<T>, ...missing: readonly number[]): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    const code = (error as { readonly code?: unknown } | null)?.code;
    if (missing.some(each => each === code)) return null;
    throw error;
  }
}

/**
 * One request to the JetStream API, answered by the leader.
 * @returns the answer, or the API's error
 * @throws {ReadFailed} when there is no answer
 */
export async function apiRequest<T>(
  connection: NatsConnection,
  subject: string,
  request: object,
  timeoutMs: number,
): Promise<{ readonly ok: T } | { readonly error: ApiError }> {
  try {
    const reply = await connection.request(`$JS.API.${subject}`, JSON.stringify(request), { timeout: timeoutMs });
    const answer = reply.json<T & { error?: ApiError }>();
    return answer.error ? { error: answer.error } : { ok: answer };
  } catch (error) {
    throw new ReadFailed(`no answer to ${subject}`, error);
  }
}
