import type { Publication } from '../protocol/codec.ts';

/** What a frame adds to the bytes of one message, roughly. */
const FRAME_BYTES = 200;

/**
 * How many of the first messages go to one reader together: at most `most`, and at most `bytes` unless the first alone
 * is larger.
 */
export function portionOf(messages: readonly Pick<Publication, 'data'>[], most: number, bytes: number): number {
  let sum = 0;
  for (const [index, { data }] of messages.entries()) {
    sum += data.byteLength + FRAME_BYTES;
    if (index > 0 && (index >= most || sum > bytes)) return index;
  }
  return messages.length;
}
