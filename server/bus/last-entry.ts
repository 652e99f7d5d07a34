/**
 * Values of a LAST stream. The entry of a room is its digest. One more entry, the cover, tells for which offsets digests exist. Later
 * versions may add fields; readers ignore fields they do not know.
 */

/** Range of offsets for which LAST is complete: a room without a digest has no entry in it. */
export interface Cover {
  /** Epoch of the offsets. */
  readonly epoch: string;
  /** First offset of the range. */
  readonly from: number;
  /** End of the range, exclusive. Every entry of LOG inside the range is in the digest of its room. */
  readonly below: number;
  /**
   * Epoch of the lease under which the fold `state` wrote it. Missing in one of an earlier release, which noted offsets before a
   * purge only: digests may lack later offsets, and all deletes.
   */
  readonly lease?: number;
  /** Sequence of LAST up to which no worker of an earlier release wrote over a digest. Missing if {@link lease} is. */
  readonly checked?: number;
}

/** A delete entry and the messages it is about. */
export interface Deletion {
  /** Offset of the delete. */
  readonly at: number;
  readonly targets: readonly number[];
}

/** Digest of a room. */
export interface Digest {
  /** Offset of the room's last entry; of its last purged one in an entry of an earlier release. */
  readonly top: number;
  /**
   * Deletes whose targets may still have their text in LOG or MongoDB, ascending; null in an entry of an earlier release, which
   * tells nothing about deletes.
   */
  readonly deletions: readonly Deletion[] | null;
  /** Offset up to which {@link deletions} are complete, if that is below the end of the cover: the list was full. */
  readonly at?: number;
  /**
   * Offset of the room's last message that counts, deleted or not; 0 for none. If the cover does not begin at 1, below the cover there
   * may be a later one. Missing if it is not known: an entry of an earlier release lacks it, and so does the next one if the room has
   * no message since.
   */
  readonly countable?: number;
}

/** Value of a room's entry: deletes are written as `[offset, target, ...]`. */
export const writeDigest = ({ top, deletions, at, countable }: Digest): string =>
  JSON.stringify({
    top,
    ...(deletions ? { deleted: deletions.map(each => [each.at, ...each.targets]) } : {}),
    ...(at === undefined ? {} : { at }),
    ...(countable === undefined ? {} : { countable }),
  });

/** Reads a room's entry. @returns null for an invalid value, which tells nothing about the room */
export function readDigest(data: Uint8Array): Digest | null {
  const { top, deleted, at, countable } = fields(data);
  if (!isOffset(top)) return null;
  const deletions = Array.isArray(deleted) ? deleted.map(readDeletion) : null;
  if (deletions === null || deletions.includes(null)) return { top, deletions: null };
  const known = deletions.filter(each => each !== null);
  return {
    top,
    deletions: known,
    ...(Number.isSafeInteger(at) ? { at: at as number } : {}),
    ...(countable === 0 || isOffset(countable) ? { countable } : {}),
  };
}

/** Reads the offset in a room's entry; null for an invalid value. */
export const readTop = (data: Uint8Array): number | null => readDigest(data)?.top ?? null;

/** Value of the cover's entry. */
export const writeCover = (cover: Cover): string => JSON.stringify(cover);

/** Reads the cover's entry. @returns null for an invalid value: then nothing is covered */
export function readCover(data: Uint8Array): Cover | null {
  const { epoch, from, below, lease, checked } = fields(data);
  const valid = typeof epoch === 'string' && Number.isSafeInteger(from) && Number.isSafeInteger(below);
  if (!valid) return null;
  const isMarked = Number.isSafeInteger(lease) && Number.isSafeInteger(checked);
  const marked = isMarked ? { lease: lease as number, checked: checked as number } : {};
  return { epoch, from: from as number, below: below as number, ...marked };
}

/**
 * Cover from which the fold `state` begins to read LOG above `at`. Continues the range of the cover before if nothing between was
 * missed. Pure.
 * @param mark lease of the fold, and the sequence that it begins to check from
 */
export function coverFrom(
  before: Cover | null,
  { epoch, at }: { readonly epoch: string; readonly at: number },
  mark: Required<Pick<Cover, 'lease' | 'checked'>>,
): Cover {
  const joins = before !== null && before.epoch === epoch && before.below >= at + 1;
  return { epoch, from: joins ? before.from : at + 1, below: at + 1, ...mark };
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

function readDeletion(value: unknown): Deletion | null {
  if (!Array.isArray(value) || value.length === 0 || !value.every(isOffset)) return null;
  const [at = 0, ...targets] = value;
  return { at, targets };
}

const isOffset = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;

function fields(data: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(data).toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
