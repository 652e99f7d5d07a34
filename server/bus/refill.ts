import { DeliverPolicy, type JetStreamManager } from '@nats-io/jetstream';
import { CONSUMER_NOT_FOUND, orNull } from './jetstream-api.ts';
import { LOST_KEY, lostRangesOf, withLostRange } from './lost-ranges.ts';
import type { Refill } from './refill-plan.ts';
import type { storeConsumerConfig } from './stream-config.ts';

/**
 * Makes the store's consumer deliver again what MongoDB lost, after noting on the stream what it does not have any more.
 * While the consumer is missing nothing is purged. Stopped anywhere, it is begun again: what is stored twice is stored
 * once, and a consumer that is missing is made from the stream's beginning.
 */
export async function refill(
  jsm: JetStreamManager,
  stream: string,
  consumer: ReturnType<typeof storeConsumerConfig> & { readonly metadata: Record<string, string> },
  { from, lost }: Refill,
): Promise<void> {
  if (lost) {
    const { config } = await jsm.streams.info(stream);
    const metadata = { ...config.metadata, [LOST_KEY]: withLostRange(lostRangesOf({ config }), lost) };
    await jsm.streams.update(stream, { metadata });
  }
  await orNull(jsm.consumers.delete(stream, consumer.durable_name), CONSUMER_NOT_FOUND);
  await jsm.consumers.add(stream, { ...consumer, deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: from });
}
