/** What is known of a batch while it fills. */
export interface BatchState {
  readonly count: number;
  readonly bytes: number;
  /** Milliseconds since its first message came. */
  readonly ageMs: number;
  /** Whether the stream was asked for what is there since the batch came of age. */
  readonly topped: boolean;
  /** Whether the batch before was full, so that more is likely to wait. */
  readonly busy: boolean;
}

export interface BatchLimits {
  readonly size: number;
  readonly delayMs: number;
  readonly maxBytes: number;
}

export type BatchStep =
  /** `waitMs` 0: only what is there. */
  | { readonly do: 'pull'; readonly count: number; readonly waitMs: number }
  | { readonly do: 'sleep'; readonly ms: number }
  | { readonly do: 'write' };

/** Largest message a stream takes, with its headers: a batch this close to its limit is full. */
const LARGEST_MESSAGE = 1_048_576 + 65_536;
/** How long an idle worker waits in one request: also the longest it takes to notice that it should stop. */
const IDLE_MS = 1_000;

/**
 * The next step of a batch that is written when it is full or its first message is `delayMs` old: wait for one message,
 * let it age, take what has come meanwhile. Pure.
 */
export function batchStep(batch: BatchState, limits: BatchLimits): BatchStep {
  if (batch.count === 0)
    return batch.busy && !batch.topped
      ? { do: 'pull', count: limits.size, waitMs: 0 }
      : { do: 'pull', count: 1, waitMs: IDLE_MS };
  if (batch.count >= limits.size || batch.bytes + LARGEST_MESSAGE > limits.maxBytes) return { do: 'write' };
  if (batch.ageMs < limits.delayMs) return { do: 'sleep', ms: limits.delayMs - batch.ageMs };
  return batch.topped ? { do: 'write' } : { do: 'pull', count: limits.size - batch.count, waitMs: 0 };
}
