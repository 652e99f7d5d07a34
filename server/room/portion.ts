import type { Publication } from '../protocol/codec.ts';

/** Bytes that a frame adds to a message, roughly. */
const FRAME_BYTES = 200;

/**
 * Number of the first messages that are sent together: at most `most`, and at most `bytes` unless the first alone is larger.
 */
export function portionOf(messages: readonly Pick<Publication, 'data'>[], most: number, bytes: number): number {
  let sum = 0;
  for (const [index, { data }] of messages.entries()) {
    sum += data.byteLength + FRAME_BYTES;
    if (index > 0 && (index >= most || sum > bytes)) return index;
  }
  return messages.length;
}
