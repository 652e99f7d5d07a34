import type { NatsConnection } from '../bus/connect.ts';
import { directBatch } from '../bus/direct-read.ts';
import type { ConsumerInfo, JetStreamManager, StreamInfo } from '../bus/jetstream-api.ts';
import { CONSUMER_NOT_FOUND, orNull } from '../bus/jetstream-api.ts';
import type { LogConsumer } from '../bus/log-consumers.ts';
import { offsetOf, readHeaders, serverHeader } from '../bus/read-headers.ts';
import type { Claim, LogView } from './purge-plan.ts';

const READ_TIMEOUT_MS = 5_000;

export interface ConsumerLook {
  readonly claim: Claim;
  /** Null when it is missing. */
  readonly info: ConsumerInfo | null;
}

/** Acknowledgements of our consumers. To be asked before the stream: what comes later is above it all. */
export async function lookAtConsumers(
  jsm: JetStreamManager,
  stream: string,
  consumers: readonly LogConsumer[],
): Promise<ConsumerLook[]> {
  return await Promise.all(
    consumers.map(async ({ name, greatestLag }) => {
      const info = await orNull(jsm.consumers.info(stream, name), CONSUMER_NOT_FOUND);
      return { claim: { name, greatestLag, floor: info?.ack_floor.stream_seq ?? null }, info };
    }),
  );
}

/**
 * What LIVE still needs of LOG. A mirror skips what is gone when it gets there: those messages would never go live, and the
 * next one would name a predecessor that every gateway holds already, so that nobody would miss them.
 */
export async function claimOfLive(jsm: JetStreamManager, live: string): Promise<Claim> {
  const { config, state } = await jsm.streams.info(live);
  // A mirror that was just made has copied nothing, and begins where it was told to.
  const floor = Math.max(state.last_seq, (config.mirror?.opt_start_seq ?? 1) - 1);
  return { name: live, floor, greatestLag: Number.POSITIVE_INFINITY };
}

/** Names of the durable consumers that are not ours. */
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
 * First message inside the hot window, see {@link LogView.hot}.
 * @param info the stream's, whose clock stamps the messages
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
  return sequence > 0 ? sequence : undefined; // the last message is inside, so a replica that lags answered
}
