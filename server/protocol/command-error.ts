import type { ErrorCode } from './codes.ts';

/** Failure of a command that is answered with an error of the catalogue. */
export class CommandError extends Error {
  readonly error: ErrorCode;
  /** @param detail names the field and the limit; default: the catalogue's text */
  constructor(error: ErrorCode, detail?: string) {
    super(detail ?? error.message);
    this.name = 'CommandError';
    this.error = error;
  }
}
