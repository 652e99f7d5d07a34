import { AckPolicy, DeliverPolicy, type JetStreamManager } from '@nats-io/jetstream';
import { type NatsConnection, nanos } from '@nats-io/transport-node';
import type { Delivery } from './delivery.ts';
import { type PullRequest, pull } from './pull.ts';

/** Stream to read, and where to start. */
export interface ScanOptions {
  readonly connection: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly stream: string;
  /** Sequence to start at. Default: the first message of the stream. */
  readonly first?: number;
  /** True to read no bodies. Default: false. */
  readonly headersOnly?: boolean;
}

/** Reads the next messages of the stream; none if there are none within `waitMs`. @throws {ScanBroken} {@link PullFailed} */
export type Scan = (request: PullRequest) => Promise<Delivery[]>;

/** The connection lost messages of a scan, whose consumer sends each only once. The caller starts the scan again. */
export class ScanBroken extends Error {
  constructor(stream: string) {
    super(`the connection lost messages while ${stream} was read; it is to be read again`);
    this.name = 'ScanBroken';
  }
}

/** Time after which NATS removes the consumer of an abandoned scan. */
const IDLE_MS = 60_000;

/**
 * Reads a stream in order with a temporary consumer, for as long as `work` runs. Messages that a broken connection loses
 * would seem to be missing from the stream, so a gap between deliveries is a {@link ScanBroken}.
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
    for (const { consumerSequence } of messages) if (consumerSequence !== ++delivered) throw new ScanBroken(stream);
    return messages;
  };
  try {
    return await work(scan);
  } finally {
    await jsm.consumers.delete(stream, consumer.name).catch(() => undefined); // otherwise NATS removes it after IDLE_MS
  }
}
