import { Slots } from './slots.ts';

/** Bytes counted for a page of messages while it is read: a read of LOG returns at most that much. */
export const PAGE_BYTES = 1024 * 1024;
const FEWEST = 4;

/** Slots for reading pages, shared by all connections of a gateway: together they take a quarter of the send buffers. */
export function pageSlots(limits: { readonly sendBufferTotalBytes: number }): Slots {
  return new Slots(() => Math.max(FEWEST, Math.floor(limits.sendBufferTotalBytes / 4 / PAGE_BYTES)));
}
