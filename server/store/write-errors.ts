/** The parts of a driver's bulk write error that are judged. */
export interface BulkError {
  readonly writeErrors: readonly { readonly index: number; readonly code: number; readonly errmsg: string }[];
  /** The writes may be lost again. */
  readonly notDurable: boolean;
}

/** What a bulk write error says about its documents, by their place in the batch. */
export interface Verdict {
  /** Perhaps stored before: the key, or the key of another unique index, is taken. */
  readonly duplicates: readonly number[];
  /** The database refused these for what they are. */
  readonly refused: readonly { readonly index: number; readonly code: number; readonly reason: string }[];
}

const DUPLICATE_KEY = 11_000;

/**
 * Codes with which a server speaks of itself, not of the document: stepping down, shutting down, out of time, space,
 * memory or quota, not authorised. See `error_codes.yml` of MongoDB. Everything else is about the document.
 */
const OF_THE_SERVER = new Set([
  6, 7, 13, 18, 24, 43, 46, 50, 63, 64, 75, 89, 91, 100, 112, 133, 134, 136, 146, 150, 189, 202, 234, 237, 262, 279,
  290, 317, 358, 384, 391, 8000, 9001, 10_107, 11_600, 11_601, 11_602, 12_501, 13_388, 13_435, 13_436, 14_031, 16_500,
]);

/**
 * Null when the error tells nothing about some document, so that the batch must be written again. Pure.
 */
export function judge(error: BulkError): Verdict | null {
  if (error.notDurable) return null;
  const duplicates: number[] = [];
  const refused: { index: number; code: number; reason: string }[] = [];
  for (const { index, code, errmsg } of error.writeErrors) {
    if (OF_THE_SERVER.has(code)) return null;
    if (code === DUPLICATE_KEY) duplicates.push(index);
    else refused.push({ index, code, reason: errmsg });
  }
  return { duplicates, refused };
}
