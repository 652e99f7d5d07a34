import type { JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Delivery } from './delivery.ts';
import { EPOCH_KEY, epochOf, newEpoch } from './epoch.ts';
import { LOST_KEY } from './lost-ranges.ts';
import { FROM_KEY } from './refill-plan.ts';
import { scanStream } from './scan.ts';
import type { logConfig } from './stream-config.ts';

/** Stream to lift, and what the lift needs of its caller. */
export interface LiftOptions {
  readonly log: ReturnType<typeof logConfig>;
  /** Subject that no client publishes to. */
  readonly fence: string;
  /** Sequence that the next message gets. */
  readonly to: number;
  /** Stores messages that are about to be removed. Resolves once they are stored; a rejection ends the lift. */
  rescue(messages: readonly Delivery[], epoch: string): Promise<void>;
  /** Throws if another process may be changing the stream. */
  check(): void;
}

const FENCE_TIMEOUT_MS = 5_000;
const SCAN = { batch: 500, maxBytes: 8 * 1024 * 1024, waitMs: 5_000 };

/**
 * Raises the sequence of a LOG stream that lost its last messages, under a new epoch, without losing the messages it has.
 *
 * Only a purge raises a sequence in place, and it removes all messages: those that MongoDB has, and those acknowledged since
 * under reused offsets. So it first fences off publishes (the stream listens on another subject; publishes get a temporary
 * error), then stores the remaining messages, then purges. It may be interrupted at any point and run again.
 */
export async function lift(connection: NatsConnection, jsm: JetStreamManager, options: LiftOptions): Promise<void> {
  const { log, fence } = options;
  const before = await jsm.streams.info(log.name);
  try {
    await jsm.streams.update(log.name, { subjects: [fence] });
    // The stream answers in order: after this answer, everything accepted before the fence is stored. A refusal, by a full
    // stream, is an answer too.
    await connection.request(fence, '', { timeout: FENCE_TIMEOUT_MS });
    await rescueAll(connection, jsm, options, epochOf(before));
    options.check();
  } catch (error) {
    await jsm.streams.update(log.name, { subjects: log.subjects }).catch(() => undefined); // publishes work again meanwhile
    throw error;
  }
  // Lost ranges of the previous epoch are below every offset of the new one.
  const { [LOST_KEY]: _, ...kept } = before.config.metadata ?? {};
  const epoch = { metadata: { ...kept, [EPOCH_KEY]: newEpoch(), [FROM_KEY]: String(options.to) } };
  await jsm.streams.update(log.name, { subjects: [fence], ...epoch });
  await jsm.streams.purge(log.name, { seq: options.to });
  await jsm.streams.update(log.name, { subjects: log.subjects, ...epoch }); // its other settings are checked at the next look
}

async function rescueAll(
  connection: NatsConnection,
  jsm: JetStreamManager,
  options: LiftOptions,
  epoch: string,
): Promise<void> {
  const { last_seq: last, messages: count } = (await jsm.streams.info(options.log.name)).state;
  if (count === 0) return;
  // Not with the durable consumer: after a loss its ack floor may be above messages that are not stored.
  await scanStream({ connection, jsm, stream: options.log.name }, async scan => {
    for (let at = 0; at < last; ) {
      const messages = await scan(SCAN);
      const reached = messages.at(-1)?.sequence;
      if (reached === undefined) throw new Error(`the scan of ${options.log.name} ended at ${at} of ${last}`);
      const rooms = messages.filter(message => message.subject !== options.fence);
      if (rooms.length > 0) await options.rescue(rooms, epoch);
      options.check();
      at = reached;
    }
  });
}
