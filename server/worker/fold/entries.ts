import type { Delivery } from '../../bus/delivery.ts';
import { readEnvelope } from '../../bus/envelope.ts';
import { roomOfToken } from '../../bus/names.ts';
import { unreadable } from '../../bus/room-message.ts';
import type { FoldEntry } from './fold.ts';

/** Source of deliveries. */
export interface EntriesOptions {
  /** Subject of the partition's rooms, up to the token of the room. */
  readonly prefix: string;
  readonly epoch: string;
  readonly headersOnly: boolean;
}

/** Body that stands for one that was not read. */
const UNREAD = Buffer.from('null');

/** Reads deliveries of LOG as entries. Leaves out those that belong to no room, such as the marker of a lift. Pure. */
export function foldEntries(deliveries: readonly Delivery[], options: EntriesOptions): FoldEntry[] {
  const { prefix, epoch, headersOnly } = options;
  return deliveries
    .filter(({ subject }) => subject.startsWith(prefix))
    .map(({ subject, sequence: offset, storedAt, headers, brokenHeaders, data }) => {
      const room = roomOfToken(subject.slice(prefix.length));
      if (unreadable(headers, brokenHeaders === null, headersOnly ? UNREAD : data) !== null)
        return { room, offset, message: null };
      return { room, offset, message: { ...readEnvelope(room, epoch, offset, headers, data), storedAt } };
    });
}
