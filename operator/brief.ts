import { ApiError } from './kube/api-error.ts';

/** What of an error may be logged: the API server's sentence, or the kind of a network failure. */
export function brief(error: unknown): string {
  if (error instanceof ApiError) return `${error.code} ${error.reason}: ${error.message}`;
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return error instanceof Error ? `${error.message}${cause}` : 'unknown error';
}
