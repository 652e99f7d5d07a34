import { Turns } from './turns.ts';

/** Bytes counted for a page of messages while it is read: a read of LOG brings at most that much. */
export const PAGE_BYTES = 1024 * 1024;
const FEWEST = 4;

/** The pages that are read at the same time for all connections of a gateway: they take a quarter of the send buffers. */
export function pageTurns(limits: { readonly sendBufferTotalBytes: number }): Turns {
  return new Turns(() => Math.max(FEWEST, Math.floor(limits.sendBufferTotalBytes / 4 / PAGE_BYTES)));
}
