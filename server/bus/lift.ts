import type { JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Delivery } from './delivery.ts';
import { EPOCH_KEY, epochOf, newEpoch } from './epoch.ts';
import { LOST_KEY } from './lost-ranges.ts';
import { FROM_KEY } from './refill-plan.ts';
import { scanStream } from './scan.ts';
import type { logConfig } from './stream-config.ts';

export interface LiftOptions {
  readonly log: ReturnType<typeof logConfig>;
  /** Subject that nobody publishes to. */
  readonly fence: string;
  /** The next message gets this sequence. */
  readonly to: number;
  rescue(messages: readonly Delivery[], epoch: string): Promise<void>;
  /** Throws when another process may be changing the stream. */
  check(): void;
}

const FENCE_TIMEOUT_MS = 5_000;
const SCAN = { batch: 500, maxBytes: 8 * 1024 * 1024, waitMs: 5_000 };

/**
 * Raises a LOG stream that ran back, under a new epoch, and loses nothing of what is in it.
 *
 * Only a purge raises a sequence in place, and it removes what is there: the part of the copy that MongoDB has, and
 * messages acknowledged since under offsets used before. So publishes are fenced off first (the stream listens elsewhere,
 * they get a temporary error), all that is left is stored, and then it is purged. Stopped anywhere, it is begun again.
 */
export async function lift(connection: NatsConnection, jsm: JetStreamManager, options: LiftOptions): Promise<void> {
  const { log, fence } = options;
  const before = await jsm.streams.info(log.name);
  try {
    await jsm.streams.update(log.name, { subjects: [fence] });
    // The answer comes from the stream's own queue, after everything that was accepted before the fence. A refusal, from
    // a full stream, does as well.
    await connection.request(fence, '', { timeout: FENCE_TIMEOUT_MS });
    await rescueAll(connection, jsm, options, epochOf(before));
    options.check();
  } catch (error) {
    await jsm.streams.update(log.name, { subjects: log.subjects }).catch(() => undefined); // chat goes on meanwhile
    throw error;
  }
  // What was lost of the incarnation before is below every offset of this one.
  const { [LOST_KEY]: _, ...kept } = before.config.metadata ?? {};
  const epoch = { metadata: { ...kept, [EPOCH_KEY]: newEpoch(), [FROM_KEY]: String(options.to) } };
  await jsm.streams.update(log.name, { subjects: [fence], ...epoch });
  await jsm.streams.purge(log.name, { seq: options.to });
  await jsm.streams.update(log.name, { subjects: log.subjects, ...epoch }); // the next look judges its other settings
}

async function rescueAll(
  connection: NatsConnection,
  jsm: JetStreamManager,
  options: LiftOptions,
  epoch: string,
): Promise<void> {
  const { last_seq: last, messages: count } = (await jsm.streams.info(options.log.name)).state;
  if (count === 0) return;
  // Not the durable consumer: after lost data its floor may be above messages that are not stored.
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
