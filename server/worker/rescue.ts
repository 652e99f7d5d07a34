import type { Delivery } from '../bus/delivery.ts';
import type { Names } from '../bus/names.ts';
import type { MessageWriter } from '../room/history-store.ts';
import { sortDeliveries } from './logged-message.ts';
import type { WorkerMetrics } from './metrics.ts';

/** Returns a function that stores messages before a lift removes them from LOG. MongoDB recognises those it has by their keys. */
export function rescuer(writer: MessageWriter, names: Names, metrics: WorkerMetrics) {
  return async (partition: number, deliveries: readonly Delivery[], epoch: string): Promise<void> => {
    const prefix = names.logSubjects(partition).replace('*', '');
    const { messages, unreadable } = sortDeliveries(deliveries, prefix, epoch);
    const reached = deliveries.reduce((top, each) => Math.max(top, each.sequence), 0);
    const { rejected } = await writer.write(partition, messages, reached);
    for (const each of [...unreadable, ...rejected]) {
      await writer.setAside(partition, each);
      metrics.rejected.inc({ code: String(each.code) });
    }
    metrics.stored.inc(messages.length);
  };
}
