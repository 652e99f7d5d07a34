/**
 * An answer of the API server that is no success. Holds the status' reason and message only: request and response
 * bodies and headers never reach a log.
 */
export class ApiError extends Error {
  readonly code: number;
  /** `Status.reason`, such as `NotFound`, `Conflict`, `Invalid`, `Expired`. */
  readonly reason: string;
  /** How long the server wants to be left alone, in milliseconds, at most {@link MAX_RETRY_AFTER_MS}; 0 when it does not say. */
  readonly retryAfterMs: number;
  /** Whether a version was asked for that this server does not have yet, or no longer after a restore. */
  readonly tooLargeVersion: boolean;

  constructor(code: number, reason: string, message: string, more: { retryAfterMs?: number; tooLarge?: boolean } = {}) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.reason = reason;
    this.retryAfterMs = Math.min(MAX_RETRY_AFTER_MS, more.retryAfterMs ?? 0);
    this.tooLargeVersion = more.tooLarge ?? false;
  }

  /** Whether the same request cannot succeed until the object or the rights change. */
  get terminal(): boolean {
    // Of an apply with a field that the kind does not have, which is the server's only answer 500 to a bad request.
    if (this.code === 500) return this.message.includes('field not declared in schema');
    return this.code >= 400 && this.code < 500 && ![401, 404, 408, 409, 410, 429].includes(this.code);
  }
}

/** A server, or a proxy in front of it, may name any time; after this one it is asked all the same. */
const MAX_RETRY_AFTER_MS = 60_000;

interface Status {
  readonly reason?: unknown;
  readonly message?: unknown;
  readonly details?: {
    readonly causes?: readonly { readonly field?: string; readonly reason?: string }[];
    readonly retryAfterSeconds?: number;
  };
}

/**
 * @param body text of the answer, a `Status` as a rule
 * @param retryAfter header of that name, of which only a number of seconds is understood
 * @returns with code 409 also for a uid that is not the object's, which the server calls invalid because a uid never changes
 */
export function apiError(code: number, body: string, retryAfter = ''): ApiError {
  const header = /^[0-9]{1,9}$/.test(retryAfter) ? Number(retryAfter) : undefined;
  try {
    const { reason, message, details } = JSON.parse(body) as Status;
    if (code === 422 && details?.causes?.some(({ field }) => field === 'metadata.uid'))
      return new ApiError(409, 'Conflict', String(message));
    const retryAfterMs = 1_000 * (header ?? details?.retryAfterSeconds ?? 0);
    const tooLarge = details?.causes?.some(cause => cause.reason === 'ResourceVersionTooLarge') ?? false;
    if (typeof message === 'string')
      return new ApiError(code, typeof reason === 'string' ? reason : '', message, { retryAfterMs, tooLarge });
  } catch {
    // A proxy in between answers with a page of its own.
  }
  return new ApiError(code, '', `the API server answered ${code}`, { retryAfterMs: 1_000 * (header ?? 0) });
}
