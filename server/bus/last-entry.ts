/**
 * Values of a LAST stream. A room's entry holds the offset of its last message among those purged from LOG; later versions
 * add fields, and readers ignore those they do not know. One entry more, the cover, says for which offsets entries exist.
 */

/** Reach of a LAST stream: the last message of a room is in LOG, or has an entry, or lies below {@link from}. */
export interface Cover {
  /** Incarnation of LOG that the offsets belong to. */
  readonly epoch: string;
  /** First offset that was ever noted without a gap up to {@link below}. */
  readonly from: number;
  /** Every purged message from `from` up to this, exclusive, was noted before it was purged. */
  readonly below: number;
}

export const writeTop = (top: number): string => JSON.stringify({ top });

/** @returns the offset; null for a value that is none, by which nothing is known of the room */
export function readTop(data: Uint8Array): number | null {
  const top = fields(data)['top'];
  return Number.isSafeInteger(top) && (top as number) > 0 ? (top as number) : null;
}

export const writeCover = (cover: Cover): string => JSON.stringify(cover);

/** @returns null for a value that is none: then nothing is covered */
export function readCover(data: Uint8Array): Cover | null {
  const { epoch, from, below } = fields(data);
  const valid = typeof epoch === 'string' && Number.isSafeInteger(from) && Number.isSafeInteger(below);
  return valid ? { epoch, from: from as number, below: below as number } : null;
}

/**
 * The cover after everything in [first, below) was noted. Only what joins on to the cover so far extends it: a purge by
 * another program, or by a worker of a version without LAST, leaves a gap, and then the cover begins anew. Pure.
 */
export function coverWith(cover: Cover | null, epoch: string, first: number, below: number): Cover {
  const joins = cover !== null && cover.epoch === epoch && cover.below >= first;
  return joins ? { epoch, from: cover.from, below: Math.max(cover.below, below) } : { epoch, from: first, below };
}

/**
 * The highest offset that a room without a message in LOG may have a message at: exact where LAST covers it. Pure.
 * @param first first offset in LOG, asked after the room's messages in LOG were
 * @param top the room's entry; null if it has none
 */
export function purgedTop(cover: Cover | null, epoch: string, first: number, top: number | null): number {
  if (cover === null || cover.epoch !== epoch || cover.below < first) return first - 1;
  return Math.max(top ?? 0, cover.from - 1);
}

function fields(data: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(data).toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
