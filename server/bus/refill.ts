import { DeliverPolicy, type JetStreamManager } from '@nats-io/jetstream';
import { CONSUMER_NOT_FOUND, orNull } from './jetstream-api.ts';
import { LOST_KEY, lostRangesOf, withLostRange } from './lost-ranges.ts';
import type { RefillPlan } from './refill-plan.ts';
import type { storeConsumerConfig } from './stream-config.ts';

/**
 * Makes the store's consumer anew, so that it delivers again what MongoDB lost, after noting on the stream the offsets that
 * are lost for ever. While the consumer is missing nothing is purged. May be interrupted at any point and run again: storing
 * is idempotent, and a missing consumer is made at the start of the stream.
 */
export async function refill(
  jsm: JetStreamManager,
  stream: string,
  consumer: ReturnType<typeof storeConsumerConfig> & { readonly metadata: Record<string, string> },
  { from, lost }: RefillPlan,
): Promise<void> {
  if (lost) {
    const { config } = await jsm.streams.info(stream);
    const metadata = { ...config.metadata, [LOST_KEY]: withLostRange(lostRangesOf({ config }), lost) };
    await jsm.streams.update(stream, { metadata });
  }
  await orNull(jsm.consumers.delete(stream, consumer.durable_name), CONSUMER_NOT_FOUND);
  await jsm.consumers.add(stream, { ...consumer, deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: from });
}
