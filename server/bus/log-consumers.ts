import type { Names } from './names.ts';

/** A durable consumer of ours on each LOG stream. */
export interface LogConsumer {
  readonly name: string;
  /** Messages it may be behind the stream's end before the purge stops waiting for it; Infinity: the purge always waits. */
  readonly greatestLag: number;
}

/**
 * The consumers that messages wait for in LOG. One that another program made holds nothing: it may stop reading for ever,
 * and then LOG would fill and refuse every message. Without the store's, messages would be lost, so it has no limit.
 */
export function logConsumers(names: Names): readonly LogConsumer[] {
  return [{ name: names.storeConsumer, greatestLag: Number.POSITIVE_INFINITY }];
}
