import type { NatsConnection } from '../bus/connect.ts';
import { directBatch } from '../bus/direct-read.ts';
import type { ConsumerInfo, JetStreamManager, StreamInfo } from '../bus/jetstream-api.ts';
import { CONSUMER_NOT_FOUND, orNull } from '../bus/jetstream-api.ts';
import type { LogConsumer } from '../bus/log-consumers.ts';
import { offsetOf, readHeaders, serverHeader } from '../bus/read-headers.ts';
import type { Claim, LogView } from './purge-plan.ts';

const READ_TIMEOUT_MS = 5_000;

/** State of one consumer of a LOG stream. */
export interface ConsumerState {
  readonly claim: Claim;
  /** Null if the consumer is missing. */
  readonly info: ConsumerInfo | null;
}

/**
 * Reads the state of our consumers. Call it before reading the stream: then no
 * acknowledgement is above the stream's last sequence.
 */
export async function consumerStates(
  jsm: JetStreamManager,
  stream: string,
  consumers: readonly LogConsumer[],
): Promise<ConsumerState[]> {
  return await Promise.all(
    consumers.map(async ({ name, greatestLag }) => {
      const info = await orNull(jsm.consumers.info(stream, name), CONSUMER_NOT_FOUND);
      return { claim: { name, greatestLag, floor: info?.ack_floor.stream_seq ?? null }, info };
    }),
  );
}

/**
 * Claim of LIVE on LOG. A mirror silently skips messages that are purged before it has copied them. They would never be delivered
 * live, and because the next message names as its predecessor one that gateways have, no gateway would notice.
 */
export async function claimOfLive(jsm: JetStreamManager, live: string): Promise<Claim> {
  const { config, state } = await jsm.streams.info(live);
  // A new mirror has copied nothing yet; it starts at the configured sequence.
  const floor = Math.max(state.last_seq, (config.mirror?.opt_start_seq ?? 1) - 1);
  return { name: live, floor, greatestLag: Number.POSITIVE_INFINITY };
}

/** Names of durable consumers that other programs made. */
export async function foreignConsumers(
  jsm: JetStreamManager,
  stream: string,
  ours: readonly LogConsumer[],
): Promise<string[]> {
  const names: string[] = [];
  for await (const { config } of jsm.consumers.list(stream)) {
    const name = config.durable_name;
    if (name && !ours.some(consumer => consumer.name === name)) names.push(name);
  }
  return names;
}

/**
 * First message inside the hot window, as {@link LogView.hot}.
 * @param info of the stream; its time is that of the server, which also stamps the messages
 */
export async function firstInWindow(
  connection: NatsConnection,
  info: StreamInfo,
  hotWindowMs: number,
): Promise<LogView['hot']> {
  const start = Date.parse(info.ts ?? '') - hotWindowMs;
  if (Number.isNaN(start)) return undefined;
  if (Date.parse(info.state.last_ts) < start) return null;
  const request = { start_time: new Date(start).toISOString(), batch: 1 };
  const { messages } = await directBatch(connection, info.config.name, request, READ_TIMEOUT_MS);
  const sequence = offsetOf(messages[0] ? serverHeader(readHeaders(messages[0]).headers, 'Nats-Sequence') : '');
  return sequence > 0 ? sequence : undefined; // the last message is inside the window, so a lagging replica answered
}
