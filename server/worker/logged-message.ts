import type { Delivery } from '../bus/delivery.ts';
import { readEnvelope } from '../bus/envelope.ts';
import { roomOfToken } from '../bus/names.ts';
import type { LoggedMessage } from '../store/store.ts';

/**
 * The message of a delivery from LOG. Whatever is in the stream can be stored: a room or a header that we did not write
 * is kept as it is. Pure.
 * @param prefix subject of the partition's rooms up to the room's token
 * @returns null for what is not a room's, such as the marker of a lift
 */
export function loggedMessage(delivery: Delivery, prefix: string, epoch: string): LoggedMessage | null {
  if (!delivery.subject.startsWith(prefix)) return null;
  const token = delivery.subject.slice(prefix.length);
  const message = readEnvelope(roomOf(token), epoch, delivery.sequence, delivery.headers, delivery.data);
  return { ...message, storedAt: delivery.storedAt };
}

function roomOf(token: string): string {
  try {
    return roomOfToken(token);
  } catch {
    return token; // not written by us
  }
}
