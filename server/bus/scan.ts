import { AckPolicy, DeliverPolicy, type JetStreamManager } from '@nats-io/jetstream';
import { type NatsConnection, nanos } from '@nats-io/transport-node';
import type { Delivery } from './delivery.ts';
import { type PullRequest, pull } from './pull.ts';

export interface ScanOptions {
  readonly connection: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly stream: string;
  /** Default: the stream's first message. */
  readonly first?: number;
  /** Leaves the bodies out. Default: false. */
  readonly headersOnly?: boolean;
}

/** Reads what follows in the stream. @throws {ScanBroken} */
export type Scan = (request: PullRequest) => Promise<Delivery[]>;

/** Messages were lost on their way: a consumer without acknowledgement sends them once. To be begun anew. */
export class ScanBroken extends Error {
  constructor(stream: string) {
    super(`the connection lost messages while ${stream} was read; it is read again`);
    this.name = 'ScanBroken';
  }
}

const IDLE_MS = 60_000;

/**
 * Reads a stream in order with a consumer of its own, which ends with `work`. What a connection that breaks has lost would
 * look as if it were not in the stream, so a gap between deliveries breaks the scan.
 */
export async function scanStream<T>(options: ScanOptions, work: (scan: Scan) => Promise<T>): Promise<T> {
  const { connection, jsm, stream, first, headersOnly = false } = options;
  const start =
    first === undefined
      ? { deliver_policy: DeliverPolicy.All }
      : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: first };
  const consumer = await jsm.consumers.add(stream, {
    ack_policy: AckPolicy.None,
    ...start,
    headers_only: headersOnly,
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: nanos(IDLE_MS),
  });
  let delivered = 0;
  const scan: Scan = async request => {
    const messages = await pull(connection, stream, consumer.name, request);
    for (const { place } of messages) if (place !== ++delivered) throw new ScanBroken(stream);
    return messages;
  };
  try {
    return await work(scan);
  } finally {
    await jsm.consumers.delete(stream, consumer.name).catch(() => undefined); // else it ends by itself
  }
}
