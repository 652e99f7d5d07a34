import { ApiError } from './api-error.ts';

/**
 * Text of an error that is safe to log: the API server's code, reason and message, or the message of the network error and
 * its cause. Bodies, headers and tokens are never part of it.
 */
export function errorText(error: unknown): string {
  if (error instanceof ApiError) return `${error.code} ${error.reason}: ${error.message}`;
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return error instanceof Error ? `${error.message}${cause}` : 'unknown error';
}

/** Characters of a stack that are logged: the innermost calls. The rest is the same event loop every time. */
const STACK_CHARACTERS = 2_000;
const NAMELESS: ReadonlySet<string> = new Set([
  'Error',
  'TypeError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'EvalError',
  'URIError',
]);

/**
 * True if the name of an error says what happened, such as an answer, a time-out or another leader. For any other error the
 * place it was thrown at matters: it may be a fault of the program.
 */
function isNamed(error: Error): boolean {
  // Node's `fetch` calls every network failure a TypeError and names the failure in the cause.
  return !NAMELESS.has(error.name) || error.cause instanceof Error;
}

/** Fields of a log line about an error. The stack, shortened, is added when the error looks like a fault of the program. */
export function errorFields(error: unknown): { readonly error: string; readonly stack?: string } {
  const text = errorText(error);
  if (!(error instanceof Error) || isNamed(error)) return { error: text };
  return { error: text, stack: (error.stack ?? '').slice(0, STACK_CHARACTERS) };
}
