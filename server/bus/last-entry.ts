/**
 * Values of a LAST stream. The entry of a room holds the offset of its last message that was purged from LOG. One more entry, the
 * cover, tells for which offsets entries exist. Later versions may add fields; readers ignore fields they do not know.
 */

/** Range of offsets for which LAST is complete: a room's last message is in LOG, or has an entry, or is below {@link from}. */
export interface Cover {
  /** Epoch of the offsets. */
  readonly epoch: string;
  /** First offset of the range. */
  readonly from: number;
  /** End of the range, exclusive. Every purged message inside the range was noted before its purge. */
  readonly below: number;
}

/** Value of a room's entry. */
export const writeTop = (top: number): string => JSON.stringify({ top });

/** Reads a room's entry. @returns the offset; null for an invalid value, which tells nothing about the room */
export function readTop(data: Uint8Array): number | null {
  const top = fields(data)['top'];
  return Number.isSafeInteger(top) && (top as number) > 0 ? (top as number) : null;
}

/** Value of the cover's entry. */
export const writeCover = (cover: Cover): string => JSON.stringify(cover);

/** Reads the cover's entry. @returns null for an invalid value: then nothing is covered */
export function readCover(data: Uint8Array): Cover | null {
  const { epoch, from, below } = fields(data);
  const valid = typeof epoch === 'string' && Number.isSafeInteger(from) && Number.isSafeInteger(below);
  return valid ? { epoch, from: from as number, below: below as number } : null;
}

/**
 * Cover after every message from `first` to `below`, exclusive, was noted. Extends the previous cover if the two ranges touch. If
 * another program, or a worker of a version without LAST, purged messages between them, the cover starts anew at `first`. Pure.
 */
export function coverWith(cover: Cover | null, epoch: string, first: number, below: number): Cover {
  const joins = cover !== null && cover.epoch === epoch && cover.below >= first;
  return joins ? { epoch, from: cover.from, below: Math.max(cover.below, below) } : { epoch, from: first, below };
}

/**
 * Highest offset at which a room without messages in LOG may have a message; exact if LAST
 * has an entry and covers LOG's start. Pure.
 * @param first first offset in LOG, read after LOG was found to have no message of the room
 * @param top of the room's entry; null if it has none
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
