import type { Delivery } from '../bus/delivery.ts';
import { readEnvelope } from '../bus/envelope.ts';
import { roomOfToken } from '../bus/names.ts';
import { unreadable } from '../bus/room-message.ts';
import type { LoggedMessage, RejectedMessage } from '../room/history-store.ts';

/** Messages of a batch by where they are stored. */
export interface Sorted {
  /** Stored in the collection `messages`. */
  readonly messages: readonly LoggedMessage[];
  /** Set aside in the collection `rejected`, because clients cannot receive them. */
  readonly unreadable: readonly RejectedMessage[];
}

/**
 * Reads the messages of deliveries from LOG. Any NATS client may have written them: names of rooms and users that no gateway
 * wrote are kept unchanged. Deliveries that belong to no room, such as the marker of a lift, are left out. Pure.
 * @param prefix subject of the partition's rooms, up to the token of the room
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
