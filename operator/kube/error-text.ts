import { ApiError } from './api-error.ts';

/** What of an error may be logged: the API server's sentence, or the kind of a network failure. */
export function errorText(error: unknown): string {
  if (error instanceof ApiError) return `${error.code} ${error.reason}: ${error.message}`;
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return error instanceof Error ? `${error.message}${cause}` : 'unknown error';
}

/** The innermost calls of a stack: more of it is the machinery that is the same every time. */
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
 * Whether the kind of an error says what happened: an answer, a time-out, another leader. Of any other, where it was thrown
 * counts: it may be a fault of the program.
 */
function isNamed(error: Error): boolean {
  // Node's `fetch` calls every failure of the network a TypeError, and names it in the cause.
  return !NAMELESS.has(error.name) || error.cause instanceof Error;
}

/** Fields of a log line about an error; with the stack, shortened, when it is a fault of the program. */
export function errorFields(error: unknown): { readonly error: string; readonly stack?: string } {
  const text = errorText(error);
  if (!(error instanceof Error) || isNamed(error)) return { error: text };
  return { error: text, stack: (error.stack ?? '').slice(0, STACK_CHARACTERS) };
}
