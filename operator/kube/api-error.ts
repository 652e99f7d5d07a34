/**
 * An answer of the API server that is no success. Holds the status' reason and message only: request and response
 * bodies and headers never reach a log.
 */
export class ApiError extends Error {
  readonly code: number;
  /** `Status.reason`, such as `NotFound`, `Conflict`, `Invalid`, `Expired`. */
  readonly reason: string;
  constructor(code: number, reason: string, message: string) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.reason = reason;
  }

  /** Whether the same request cannot succeed until the object or the rights change. */
  get terminal(): boolean {
    // Of an apply with a field that the kind does not have, which is the server's only answer 500 to a bad request.
    if (this.code === 500) return this.message.includes('field not declared in schema');
    return this.code >= 400 && this.code < 500 && ![401, 404, 408, 409, 410, 429].includes(this.code);
  }
}

interface Status {
  readonly reason?: unknown;
  readonly message?: unknown;
  readonly details?: { readonly causes?: readonly { readonly field?: string }[] };
}

/**
 * @param body text of the answer, a `Status` as a rule
 * @returns with code 409 also for a uid that is not the object's, which the server calls invalid because a uid never changes
 */
export function apiError(code: number, body: string): ApiError {
  try {
    const { reason, message, details } = JSON.parse(body) as Status;
    if (code === 422 && details?.causes?.some(({ field }) => field === 'metadata.uid'))
      return new ApiError(409, 'Conflict', String(message));
    if (typeof message === 'string') return new ApiError(code, typeof reason === 'string' ? reason : '', message);
  } catch {
    // A proxy in between answers with a page of its own.
  }
  return new ApiError(code, '', `the API server answered ${code}`);
}
