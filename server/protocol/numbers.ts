/** Largest value of a `uint32` field. */
const MOST_U32 = 0xffff_ffff;

/**
 * Fits a number into its field: an integer from 0 to the largest of the type. A larger one would be read as another number by
 * some SDKs and crash others; NaN would make the frame invalid.
 */
const fit = (value: number, most: number): number => (value > 0 ? Math.min(Math.trunc(value), most) : 0);

/** Fits a number into a `uint32` field. */
export const u32 = (value: number): number => fit(value, MOST_U32);
/** Fits a number into a `uint64` field, up to the largest exact number of JavaScript clients. */
export const u64 = (value: number): number => fit(value, Number.MAX_SAFE_INTEGER);
