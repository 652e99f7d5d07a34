import type { Msg, MsgHdrs, NatsConnection } from '@nats-io/transport-node';
import { headerBytes, readHeaders } from './read-headers.ts';

/** Where and when a stream stored a message, from the subject a consumer's delivery is acknowledged on. */
export interface DeliveryInfo {
  readonly sequence: number;
  /** Microseconds since 1970 of the server's clock. With the sequence it tells a message from any other, for ever. */
  readonly storedAt: number;
  /** 1 for the first delivery. */
  readonly deliveries: number;
  /** Which of its consumer's deliveries this is, from 1. */
  readonly place: number;
}

/** A message delivered by a consumer with explicit acknowledgement. */
export interface Delivery extends DeliveryInfo {
  readonly subject: string;
  /** As far as they can be read. */
  readonly headers: MsgHdrs | undefined;
  /** The header block where it could not be read as a whole; null as a rule. */
  readonly brokenHeaders: Uint8Array | null;
  readonly data: Uint8Array;
  /** Done with it. May be lost on the way: then the message comes again. */
  ack(): void;
  /** Starts the ack wait anew. */
  working(): void;
  /** Gives it back at once. */
  release(): void;
}

/**
 * Reads `$JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<deliveries>.<sequence>.<consumer sequence>.<nanoseconds>.<pending>`.
 * Pure.
 * @returns null for any other subject
 */
export function deliveryInfo(reply: string): DeliveryInfo | null {
  const tokens = reply.split('.');
  if (!reply.startsWith('$JS.ACK.') || tokens.length < 9) return null;
  const numbers = tokens.slice(tokens.length === 9 ? 4 : 6, tokens.length === 9 ? 8 : 10);
  if (numbers.length < 4 || !numbers.every(token => /^\d{1,20}$/.test(token))) return null;
  const [deliveries, sequence, place, nanoseconds] = numbers;
  return {
    sequence: Number(sequence),
    storedAt: Number(BigInt(nanoseconds ?? '0') / 1_000n),
    deliveries: Number(deliveries),
    place: Number(place),
  };
}

/** A message as its consumer delivered it; null for one that no consumer did: anybody may publish to an inbox. */
export function toDelivery(connection: NatsConnection, message: Msg): Delivery | null {
  const reply = message.reply ?? '';
  const info = deliveryInfo(reply);
  if (!info) return null;
  const { headers, intact } = readHeaders(message);
  const answer = (word: string): void => connection.publish(reply, word);
  return {
    ...info,
    subject: message.subject,
    headers,
    brokenHeaders: intact ? null : new Uint8Array(headerBytes(message)),
    data: message.data,
    ack: () => answer('+ACK'),
    working: () => answer('+WPI'),
    release: () => answer('-NAK'),
  };
}
