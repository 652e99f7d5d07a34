import type { Msg, MsgHdrs, NatsConnection } from '@nats-io/transport-node';

/** Where and when a stream stored a message, from the subject a consumer's delivery is acknowledged on. */
export interface DeliveryInfo {
  readonly sequence: number;
  /** Microseconds since 1970 of the server's clock. With the sequence it tells a message from any other, for ever. */
  readonly storedAt: number;
  /** 1 for the first delivery. */
  readonly deliveries: number;
}

/** A message delivered by a consumer with explicit acknowledgement. */
export interface Delivery extends DeliveryInfo {
  readonly subject: string;
  readonly headers: MsgHdrs | undefined;
  readonly data: Uint8Array;
  /** Done with it. May be lost on the way: then the message comes again. */
  ack(): void;
  /** Starts the ack wait anew. */
  working(): void;
  /** Gives it back at once. */
  release(): void;
}

/**
 * `$JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<deliveries>.<sequence>.<consumer sequence>.<nanoseconds>.<pending>`. Pure.
 * @throws for any other subject
 */
export function deliveryInfo(reply: string): DeliveryInfo {
  const tokens = reply.split('.');
  const start = tokens.length === 9 ? 4 : 6;
  const [deliveries, sequence, , nanoseconds] = tokens.slice(start);
  if (!reply.startsWith('$JS.ACK.') || tokens.length < 9 || !/^\d+$/.test(nanoseconds ?? ''))
    throw new Error('not a delivery of a consumer');
  return {
    sequence: Number(sequence),
    storedAt: Number(BigInt(nanoseconds ?? '0') / 1_000n),
    deliveries: Number(deliveries),
  };
}

/** @throws for a message that no consumer delivered */
export function toDelivery(connection: NatsConnection, message: Msg): Delivery {
  const reply = message.reply ?? '';
  const answer = (word: string): void => connection.publish(reply, word);
  return {
    ...deliveryInfo(reply),
    subject: message.subject,
    headers: message.headers,
    data: message.data,
    ack: () => answer('+ACK'),
    working: () => answer('+WPI'),
    release: () => answer('-NAK'),
  };
}
