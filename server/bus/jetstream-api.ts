import { type ConsumerInfo, type JetStreamManager, jetstreamManager, type StreamInfo } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { ReadFailed } from '../room/log.ts';

export type { ConsumerInfo, JetStreamManager, StreamInfo };

/** Time-out of requests to the JetStream API. */
const API_TIMEOUT_MS = 5_000;

/** Makes a client for managing streams over `connection`; sends no request itself. */
export function managerOf(connection: NatsConnection): Promise<JetStreamManager> {
  return jetstreamManager(connection, { checkAPI: false, timeout: API_TIMEOUT_MS });
}

/** Error of the JetStream API. `err_code` is one of the server's list of errors. */
export interface ApiError {
  readonly code: number;
  readonly err_code: number;
  readonly description: string;
}

/** Error codes of the JetStream API. */
export const MESSAGE_TOO_LARGE = 10_054;
export const HEADERS_TOO_LARGE = 10_097;
export const NO_MESSAGE_FOUND = 10_037;
/** Another last sequence of the subject than the expected one. */
export const WRONG_LAST_SEQUENCE = 10_071;
export const STREAM_NOT_FOUND = 10_059;
export const CONSUMER_NOT_FOUND = 10_014;

/** Resolves with null if a request of the library is refused with one of the codes in `missing`. */
export async function orNull<T>(request: Promise<T>, ...missing: readonly number[]): Promise<T | null> {
  try {
    return await request;
  } catch (error) {
    const code = (error as { readonly code?: unknown } | null)?.code;
    if (missing.some(each => each === code)) return null;
    throw error;
  }
}

/**
 * Sends one request to the JetStream API, which the leader of the stream answers.
 * @returns the answer, or the error of the API
 * @throws {ReadFailed} without an answer in time
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
