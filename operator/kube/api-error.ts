/**
 * Error status answered by the API server. It keeps only the reason and message of the status: bodies and headers of
 * requests and answers never reach a log.
 */
export class ApiError extends Error {
  readonly code: number;
  /** `Status.reason`, such as `NotFound`, `Conflict`, `Invalid`, `Expired`. */
  readonly reason: string;
  /**
   * Milliseconds to wait before the next request, as the server asks for; at most {@link MAX_RETRY_AFTER_MS}, 0 when the
   * server names none.
   */
  readonly retryAfterMs: number;
  /**
   * True if the requested resource version is newer than what this server has: it lags behind, or was restored from a
   * backup.
   */
  readonly tooLargeVersion: boolean;

  constructor(code: number, reason: string, message: string, more: { retryAfterMs?: number; tooLarge?: boolean } = {}) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.reason = reason;
    this.retryAfterMs = Math.min(MAX_RETRY_AFTER_MS, more.retryAfterMs ?? 0);
    this.tooLargeVersion = more.tooLarge ?? false;
  }

  /** True if repeating the same request cannot succeed until the object or the rights change. */
  get terminal(): boolean {
    // The server answers 500 to an apply with a field that the kind does not have. It is the only bad request answered so.
    if (this.code === 500) return this.message.includes('field not declared in schema');
    return this.code >= 400 && this.code < 500 && ![401, 404, 408, 409, 410, 429].includes(this.code);
  }
}

/** Longest wait that is obeyed: a server, or a proxy in front of it, may name any time. */
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
 * Reads the error out of an answer.
 * @param body text of the answer, normally a `Status`
 * @param retryAfter header `Retry-After`; only a number of seconds is understood
 * @returns the error. A wrong `metadata.uid` gets code 409 instead of 422: the object was deleted and made again, which is
 * a conflict
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
    // A proxy in between may answer with a page of its own.
  }
  return new ApiError(code, '', `the API server answered ${code}`, { retryAfterMs: 1_000 * (header ?? 0) });
}
