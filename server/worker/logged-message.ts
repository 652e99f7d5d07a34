import type { Delivery } from '../bus/delivery.ts';
import { readEnvelope } from '../bus/envelope.ts';
import { roomOfToken } from '../bus/names.ts';
import { unreadable } from '../bus/room-message.ts';
import type { LoggedMessage, RejectedMessage } from '../room/history-store.ts';

/** Deliveries from LOG by what becomes of them. */
export interface Sorted {
  /** For the collection `messages`. */
  readonly messages: readonly LoggedMessage[];
  /** For the collection `rejected`: clients cannot have them for what is in them. */
  readonly unreadable: readonly RejectedMessage[];
}

/**
 * The messages of deliveries from LOG. Any client of NATS may have written them: a room or a user that we did not write
 * is kept as it is. What is not a room's, such as the marker of a lift, is left out. Pure.
 * @param prefix subject of the partition's rooms up to the room's token
 */
export function sortDeliveries(deliveries: readonly Delivery[], prefix: string, epoch: string): Sorted {
  const messages: LoggedMessage[] = [];
  const aside: RejectedMessage[] = [];
  for (const delivery of deliveries) {
    const message = loggedMessage(delivery, prefix, epoch);
    if (!message) continue;
    const { headers, data, brokenHeaders } = delivery;
    const reason = unreadable(headers, brokenHeaders === null, data);
    if (reason === null) messages.push(message);
    else aside.push({ message, reason, code: 'unreadable', headers: brokenHeaders ?? new Uint8Array(0) });
  }
  return { messages, unreadable: aside };
}

function loggedMessage(delivery: Delivery, prefix: string, epoch: string): LoggedMessage | null {
  if (!delivery.subject.startsWith(prefix)) return null;
  const token = delivery.subject.slice(prefix.length);
  const message = readEnvelope(roomOfToken(token), epoch, delivery.sequence, delivery.headers, delivery.data);
  return { ...message, storedAt: delivery.storedAt };
}
