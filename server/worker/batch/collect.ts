import type { Delivery } from '../../bus/delivery.ts';
import type { PullRequest } from '../../bus/pull.ts';
import { type Clock, sleep } from '../../time/clock.ts';
import { type BatchLimits, batchStep } from './batch.ts';

/** Source of a batch, and its limits. */
export interface CollectOptions {
  readonly limits: BatchLimits;
  /** True if the batch before was full, so that more messages probably wait. */
  readonly busy: boolean;
  pull(request: PullRequest): Promise<Delivery[]>;
  readonly clock: Clock;
}

/**
 * Fills `batch` as {@link batchStep} decides; leaves it empty if no message arrives for a while, or `signal` aborts. What was pulled
 * before a pull failed stays in it.
 */
export async function collect(batch: Delivery[], options: CollectOptions, signal: AbortSignal): Promise<void> {
  const { limits, busy, pull, clock } = options;
  let bytes = 0;
  let since = 0;
  let topped = false;
  while (!signal.aborted) {
    const count = batch.length;
    const step = batchStep({ count, bytes, ageMs: clock.now() - since, topped, busy }, limits);
    if (step.do === 'write') return;
    if (step.do === 'sleep') {
      await sleep(clock, step.ms, signal);
      topped = false; // messages that arrived meanwhile belong to the batch
      continue;
    }
    const got = await pull({ batch: step.count, maxBytes: limits.maxBytes - bytes, waitMs: step.waitMs });
    if (count === 0) since = clock.now();
    topped = step.waitMs === 0;
    for (const each of got) bytes += each.data.length;
    batch.push(...got);
    if (batch.length === 0 && step.waitMs > 0) return; // idle: let the caller look around
  }
}
