import { MongoNetworkError, MongoServerError, MongoServerSelectionError } from 'mongodb';
import { StoreUnavailable } from '../room/history-store.ts';

const REASON_LENGTH = 200;
const AUTHENTICATION_FAILED = 18;
const UNAUTHORIZED = 13;

/** No connection could be made. */
export class NotConnected extends StoreUnavailable {}

/**
 * True if an error means that MongoDB did not answer. An error that MongoDB returned is an answer about that one operation. A
 * failed attempt to connect counts as no answer even if MongoDB refused it: every operation would fail like that, after a
 * costly attempt.
 */
export const unreachable = (error: unknown): boolean =>
  error instanceof NotConnected ||
  error instanceof MongoNetworkError ||
  error instanceof MongoServerSelectionError ||
  (error instanceof Error && error.name === 'MongoWaitQueueTimeoutError');

/** Text of an error that is safe to log: without messages of clients or the connection string. */
export function reasonOf(error: unknown): string {
  if (error instanceof StoreUnavailable) return error.reason;
  if (error instanceof MongoServerError) {
    if (error.code === AUTHENTICATION_FAILED) return 'MongoDB refused the credentials';
    if (error.code === UNAUTHORIZED) return 'the MongoDB user may not do this on the database';
    return `MongoDB answered error ${error.code ?? '?'} ${error.codeName ?? ''}`.trim(); // its text may quote a message
  }
  return (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, REASON_LENGTH);
}
