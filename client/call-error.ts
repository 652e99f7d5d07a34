/** Codes below this are the SDK's own: the server may or may not have seen the command. */
const FIRST_SERVER_CODE = 100;

/** A command that was not answered with a result. The codes are those of `docs/protocol.md`. */
export class CallError extends Error {
  readonly code: number;
  /** True: the same command may succeed later. */
  readonly temporary: boolean;

  constructor(code: number, message: string, temporary: boolean) {
    super(message);
    this.name = 'CallError';
    this.code = code;
    this.temporary = temporary;
  }
}

/** What a rejected call of the SDK means. Anything that is not an answer of the server is temporary. */
export function callErrorOf(thrown: unknown): CallError {
  if (thrown instanceof CallError) return thrown;
  const { code, message, temporary } = (thrown ?? {}) as Record<string, unknown>;
  if (typeof code !== 'number') return new CallError(0, String(message ?? thrown), true);
  return new CallError(code, String(message ?? ''), code < FIRST_SERVER_CODE || temporary === true);
}
