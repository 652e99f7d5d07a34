/** State of a batch that is being collected. */
export interface BatchState {
  readonly count: number;
  readonly bytes: number;
  /** Milliseconds since its first message was pulled. */
  readonly ageMs: number;
  /** True if everything the stream had was pulled since the batch reached its age. */
  readonly topped: boolean;
  /** True if the previous batch was full, so that more messages probably wait. */
  readonly busy: boolean;
}

/** Limits at which a batch is written. */
export interface BatchLimits {
  /** Messages. */
  readonly size: number;
  /** Age of the first message, in milliseconds. */
  readonly delayMs: number;
  readonly maxBytes: number;
}

/** Next step of collecting a batch. */
export type BatchStep =
  /** Pull at most `count` messages; with `waitMs` 0 only those that are there. */
  | { readonly do: 'pull'; readonly count: number; readonly waitMs: number }
  | { readonly do: 'sleep'; readonly ms: number }
  | { readonly do: 'write' };

/** Largest message a stream accepts, with headers: a batch that has no space for another one is full. */
const LARGEST_MESSAGE = 1_048_576 + 65_536;
/** Longest pull of an idle worker; also the longest until it notices that it should stop. */
const IDLE_MS = 1_000;

/**
 * Decides the next step of a batch, which is written when it is full or its first message is `delayMs` old: wait for one message,
 * let it age, pull what has arrived meanwhile, write. Pure.
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
