/** Largest number of a `uint32` field. */
const MOST_U32 = 0xffff_ffff;

/**
 * A number as its field holds it: whole, from 0 to the largest of its type. A larger one would reach some SDKs as
 * another number, and end others; one that is not a number would end the frame.
 */
const fit = (value: number, most: number): number => (value > 0 ? Math.min(Math.trunc(value), most) : 0);

export const u32 = (value: number): number => fit(value, MOST_U32);
/** Up to the largest exact number: clients in JavaScript know no other. */
export const u64 = (value: number): number => fit(value, Number.MAX_SAFE_INTEGER);
