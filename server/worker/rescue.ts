import type { Delivery } from '../bus/delivery.ts';
import type { Names } from '../bus/names.ts';
import type { MessageWriter } from '../store/store.ts';
import { loggedMessage } from './logged-message.ts';
import type { WorkerMetrics } from './metrics.ts';

/** Stores messages that a lift is about to remove. What MongoDB has already is recognised by its key. */
export function rescuer(writer: MessageWriter, names: Names, metrics: WorkerMetrics) {
  return async (partition: number, deliveries: readonly Delivery[], epoch: string): Promise<void> => {
    const prefix = names.logSubjects(partition).replace('*', '');
    const batch = deliveries.flatMap(each => loggedMessage(each, prefix, epoch) ?? []);
    const { rejected } = await writer.write(partition, batch);
    for (const each of rejected) {
      await writer.setAside(partition, each);
      metrics.rejected.inc({ code: String(each.code) });
    }
    metrics.stored.inc(batch.length);
  };
}
