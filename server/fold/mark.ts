/** Marks of a user in a room: offsets up to which everything is read, and delivered to one of the user's devices. */
export interface Mark {
  readonly read: number;
  /** At least {@link read}: what is read was delivered. */
  readonly delivered: number;
}

/** Marks of a user who has set none. */
export const NO_MARK: Mark = { read: 0, delivered: 0 };

/** Marks with the higher of each offset: offsets of a room only rise, so marks may come in any order, and more than once. Pure. */
export function mergedMarks(one: Mark, other: Mark): Mark {
  const read = Math.max(one.read, other.read);
  return { read, delivered: Math.max(one.delivered, other.delivered, read) };
}

/** Marks that a client gives, either of which may be missing. Pure. */
export const givenMark = ({ read = 0, delivered = 0 }: { readonly [F in keyof Mark]?: number | undefined }): Mark =>
  mergedMarks({ read, delivered }, NO_MARK);

/** True if marks are below others nowhere, so that merging the others changes nothing. Pure. */
export const hasMark = (known: Mark, other: Mark): boolean =>
  known.read >= other.read && known.delivered >= other.delivered;

/** Reads marks as a gateway stored them; null for what no gateway wrote. Unknown fields are ignored. Pure. */
export function readMark(value: unknown): Mark | null {
  if (typeof value !== 'object' || value === null) return null;
  const { read, delivered } = value as Partial<Record<keyof Mark, unknown>>;
  return isOffset(read) && isOffset(delivered) ? mergedMarks({ read, delivered }, NO_MARK) : null;
}

const isOffset = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
