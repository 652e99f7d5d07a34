import type { Msg, MsgHdrs, NatsConnection } from '@nats-io/transport-node';
import { headerBytes, readHeaders } from './read-headers.ts';

/** Facts about a delivery, read from the subject on which it is acknowledged. */
export interface DeliveryInfo {
  /** Sequence of the message in its stream. */
  readonly sequence: number;
  /**
   * Time at which the stream stored the message, microseconds since 1970 by the server's clock.
   * Unique together with the sequence.
   */
  readonly storedAt: number;
  /** Number of deliveries of this message to its consumer, from 1. */
  readonly deliveries: number;
  /** Number of this delivery among all of its consumer, from 1. */
  readonly consumerSequence: number;
}

/** A message delivered by a consumer with explicit acknowledgement. */
export interface Delivery extends DeliveryInfo {
  readonly subject: string;
  /** Well-formed headers; undefined for none. */
  readonly headers: MsgHdrs | undefined;
  /** Raw header block if some header is malformed, else null. */
  readonly brokenHeaders: Uint8Array | null;
  readonly data: Uint8Array;
  /** Acknowledges the message. If the acknowledgement is lost, the message is delivered again. */
  ack(): void;
  /** Restarts the ack wait. */
  working(): void;
  /** Releases the message: it is delivered again at once. */
  release(): void;
}

/**
 * Parses `$JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<deliveries>.<sequence>.<consumer sequence>.<nanoseconds>.<pending>`.
 * Pure.
 * @returns null for any other subject
 */
export function deliveryInfo(reply: string): DeliveryInfo | null {
  const tokens = reply.split('.');
  if (!reply.startsWith('$JS.ACK.') || tokens.length < 9) return null;
  const numbers = tokens.slice(tokens.length === 9 ? 4 : 6, tokens.length === 9 ? 8 : 10);
  if (numbers.length < 4 || !numbers.every(token => /^\d{1,20}$/.test(token))) return null;
  const [deliveries, sequence, consumerSequence, nanoseconds] = numbers;
  return {
    sequence: Number(sequence),
    storedAt: Number(BigInt(nanoseconds ?? '0') / 1_000n),
    deliveries: Number(deliveries),
    consumerSequence: Number(consumerSequence),
  };
}

/** Delivery of a message; null if no consumer delivered it: any NATS client may publish to an inbox. */
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
