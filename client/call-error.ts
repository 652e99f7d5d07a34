/** Lowest code of the server. Codes below it are the SDK's: the server may or may not have got the command. */
const FIRST_SERVER_CODE = 100;

/** Failure of a command, with a code of `docs/protocol.md` or, below 100, of the SDK. */
export class CallError extends Error {
  readonly code: number;
  /** True if the same command may succeed later. */
  readonly temporary: boolean;

  constructor(code: number, message: string, temporary: boolean) {
    super(message);
    this.name = 'CallError';
    this.code = code;
    this.temporary = temporary;
  }
}

/** Error of a rejected call of the SDK. All but an answer of the server is temporary. */
export function callErrorOf(thrown: unknown): CallError {
  if (thrown instanceof CallError) return thrown;
  const { code, message, temporary } = (thrown ?? {}) as Record<string, unknown>;
  if (typeof code !== 'number') return new CallError(0, String(message ?? thrown), true);
  return new CallError(code, String(message ?? ''), code < FIRST_SERVER_CODE || temporary === true);
}
