import { MongoNetworkError, MongoServerError, MongoServerSelectionError } from 'mongodb';
import { StoreUnavailable } from '../room/history-store.ts';

const REASON_LENGTH = 200;
const AUTHENTICATION_FAILED = 18;
const UNAUTHORIZED = 13;

/** No connection could be made. */
export class NotConnected extends StoreUnavailable {}

/**
 * Whether an error says that nothing was heard of the database. A refusal was heard, and tells of the question only; not
 * so while no connection can be made: then it would answer any question, and each attempt is dear.
 */
export const unreachable = (error: unknown): boolean =>
  error instanceof NotConnected ||
  error instanceof MongoNetworkError ||
  error instanceof MongoServerSelectionError ||
  (error instanceof Error && error.name === 'MongoWaitQueueTimeoutError');

/** @returns why an operation failed, for people, without what it was about */
export function reasonOf(error: unknown): string {
  if (error instanceof StoreUnavailable) return error.reason;
  if (error instanceof MongoServerError) {
    if (error.code === AUTHENTICATION_FAILED) return 'MongoDB refused the credentials';
    if (error.code === UNAUTHORIZED) return 'the MongoDB user may not do this on the database';
    return `MongoDB answered error ${error.code ?? '?'} ${error.codeName ?? ''}`.trim(); // its message may quote messages
  }
  return (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, REASON_LENGTH);
}
