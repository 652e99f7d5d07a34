import { ERRORS, type ErrorCode } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import { StoreUnavailable } from '../room/history-store.ts';
import { MessageRefused, PublishFailed, ReadFailed } from '../room/log.ts';

/** Answer to a command that failed. */
export interface FailureAnswer {
  readonly error: ErrorCode;
  readonly detail: string;
  /** True for a fault of the gateway: the caller logs it. */
  readonly unexpected: boolean;
}

/** Maps a failure to its answer. Backends that are away, and faults of the gateway, are temporary errors. */
export function answerTo(error: unknown): FailureAnswer {
  if (error instanceof CommandError) return { error: error.error, detail: error.message, unexpected: false };
  if (error instanceof MessageRefused) return { error: ERRORS.badRequest, detail: error.message, unexpected: false };
  if (error instanceof PublishFailed || error instanceof ReadFailed)
    return { error: ERRORS.internal, detail: 'messaging is unavailable, try again', unexpected: false };
  if (error instanceof StoreUnavailable)
    return { error: ERRORS.internal, detail: 'older history is unavailable, try again', unexpected: false };
  return { error: ERRORS.internal, detail: ERRORS.internal.message, unexpected: true };
}
