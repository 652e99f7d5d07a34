import type { Names } from './names.ts';

/** A durable consumer that workers keep on each LOG stream. */
export interface LogConsumer {
  readonly name: string;
  /** Number of messages it may lag behind before a purge stops waiting for it; Infinity: purges always wait. */
  readonly greatestLag: number;
}

/**
 * Consumers that purges of LOG wait for. Not those of other programs: one that stops reading would fill LOG, which would then
 * refuse every message. Purges always wait for the store's consumer, because messages would be lost otherwise.
 */
export function logConsumers(names: Names): readonly LogConsumer[] {
  return [{ name: names.storeConsumer, greatestLag: Number.POSITIVE_INFINITY }];
}
