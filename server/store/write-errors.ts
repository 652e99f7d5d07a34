/** Relevant parts of the driver's bulk write error. */
export interface BulkError {
  readonly writeErrors: readonly { readonly index: number; readonly code: number; readonly errmsg: string }[];
  /** True if the writes that succeeded may be rolled back. */
  readonly notDurable: boolean;
}

/** Failed documents of a bulk write, by their index in the batch. */
export interface Verdict {
  /** Documents whose `_id`, or key in another unique index, exists already: perhaps stored before. */
  readonly duplicates: readonly number[];
  /** Documents that the database refuses because of their content. */
  readonly refused: readonly { readonly index: number; readonly code: number; readonly reason: string }[];
}

/** Error code of a write whose unique key exists already. */
export const DUPLICATE_KEY = 11_000;

/**
 * Error codes about the state of the server: stepping down, shutting down, out of time, space, memory or quota, not authorised.
 * See `error_codes.yml` of MongoDB. All other codes are about the document.
 */
const SERVER_STATE = new Set([
  6, 7, 13, 18, 24, 43, 46, 50, 63, 64, 75, 89, 91, 100, 112, 133, 134, 136, 146, 150, 189, 202, 234, 237, 262, 279,
  290, 317, 358, 384, 391, 8000, 9001, 10_107, 11_600, 11_601, 11_602, 12_501, 13_388, 13_435, 13_436, 14_031, 16_500,
]);

/**
 * Sorts the documents of a failed bulk write. Pure.
 * @returns null if the result of some document is unknown: the batch must be written again
 */
export function judge(error: BulkError): Verdict | null {
  if (error.notDurable) return null;
  const duplicates: number[] = [];
  const refused: { index: number; code: number; reason: string }[] = [];
  for (const { index, code, errmsg } of error.writeErrors) {
    if (SERVER_STATE.has(code)) return null;
    if (code === DUPLICATE_KEY) duplicates.push(index);
    else refused.push({ index, code, reason: errmsg });
  }
  return { duplicates, refused };
}
