/** Codes of the client protocol: errors answer a command, closes end a connection, unsubscribes end a subscription. */

/** Error that answers a command. */
export interface ErrorCode {
  readonly code: number;
  readonly message: string;
  /** True if the same command may succeed later; SDKs then repeat subscribes and refreshes. */
  readonly temporary?: true;
}

/** Errors that answer a command. The protocol owns 100 to 399; those from 400 on are of the verbs. */
export const ERRORS = {
  internal: { code: 100, message: 'internal server error', temporary: true },
  unauthorized: { code: 101, message: 'unauthorized' },
  unknownChannel: { code: 102, message: 'unknown channel' },
  permissionDenied: { code: 103, message: 'permission denied' },
  methodNotFound: { code: 104, message: 'method not found' },
  alreadySubscribed: { code: 105, message: 'already subscribed' },
  limitExceeded: { code: 106, message: 'limit exceeded' },
  badRequest: { code: 107, message: 'bad request' },
  notAvailable: { code: 108, message: 'not available' },
  tokenExpired: { code: 109, message: 'token expired' },
  tooManyRequests: { code: 111, message: 'too many requests', temporary: true },
  unrecoverablePosition: { code: 112, message: 'unrecoverable position' },
  notFound: { code: 404, message: 'not found' },
  conflict: { code: 409, message: 'conflict' },
  gone: { code: 410, message: 'gone' },
  readOnly: { code: 423, message: 'read only' },
} as const satisfies Record<string, ErrorCode>;

/** Code and reason of a close or of an unsubscribe push. */
export interface CloseCode {
  readonly code: number;
  /** At most 123 bytes. Never empty: without a reason SDKs reconnect after a terminal code too. */
  readonly reason: string;
}

/** Close codes. With 3000 to 3499 SDKs reconnect; with 3500 to 3999 and 1009 they stop. */
export const CLOSES = {
  tooLarge: { code: 1009, reason: 'message size limit exceeded' },
  shutdown: { code: 3001, reason: 'shutdown' },
  internal: { code: 3004, reason: 'internal server error' },
  expired: { code: 3005, reason: 'connection expired' },
  slow: { code: 3008, reason: 'slow' },
  insufficientState: { code: 3010, reason: 'insufficient state' },
  noPong: { code: 3012, reason: 'no pong' },
  tooManyRequests: { code: 3013, reason: 'too many requests' },
  invalidToken: { code: 3500, reason: 'invalid token' },
  badRequest: { code: 3501, reason: 'bad request' },
  stale: { code: 3502, reason: 'stale' },
  notAvailable: { code: 3508, reason: 'not available' },
} as const satisfies Record<string, CloseCode>;

/** Codes of unsubscribe pushes. Below 2500 SDKs stay unsubscribed, from 2500 on they subscribe again at once. */
export const UNSUBSCRIBES = {
  /** The user may not read the room any more. */
  removed: { code: 2100, reason: 'removed from the room' },
  insufficientState: { code: 2500, reason: 'insufficient state' },
} as const satisfies Record<string, CloseCode>;
