import { ERRORS, type ErrorCode } from '../protocol/codes.ts';
import { StoreUnavailable } from '../room/history-store.ts';
import { MessageRefused, PublishFailed, ReadFailed } from '../room/log.ts';

/** A command that is answered with an error of the catalogue. */
export class CommandError extends Error {
  readonly error: ErrorCode;
  /** @param detail names the field and the limit; default: the catalogue's text */
  constructor(error: ErrorCode, detail?: string) {
    super(detail ?? error.message);
    this.name = 'CommandError';
    this.error = error;
  }
}

/** The answer a failure gets. Backends that are away are temporary; anything not foreseen is too, and is logged. */
export function answerTo(error: unknown): {
  readonly error: ErrorCode;
  readonly detail: string;
  readonly unexpected: boolean;
} {
  if (error instanceof CommandError) return { error: error.error, detail: error.message, unexpected: false };
  if (error instanceof MessageRefused) return { error: ERRORS.badRequest, detail: error.message, unexpected: false };
  if (error instanceof PublishFailed || error instanceof ReadFailed)
    return { error: ERRORS.internal, detail: 'messaging is unavailable, try again', unexpected: false };
  if (error instanceof StoreUnavailable)
    return { error: ERRORS.internal, detail: 'older history is unavailable, try again', unexpected: false };
  return { error: ERRORS.internal, detail: ERRORS.internal.message, unexpected: true };
}
