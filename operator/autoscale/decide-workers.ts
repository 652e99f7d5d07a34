import type { WorkerAutoscalingSpec } from '../api/chat-cluster.ts';

/** One look at the lag. */
export interface LagObservation {
  /** Milliseconds that never run backwards. */
  readonly at: number;
  /** Workers the largest lag asks for, before the bounds. */
  readonly wanted: number;
}

export interface WorkerScaleInput {
  readonly spec: WorkerAutoscalingSpec;
  /** Value of `worker.replicas`, which decides while the mode is Disabled. */
  readonly replicas: number;
  /** Current number of workers asked for. */
  readonly current: number;
  /** Messages that MongoDB does not have yet; undefined while no worker reports the number. */
  readonly lag: number | undefined;
  /** Entries of LOG that the slowest fold has not read yet; missing from workers of releases without folds. */
  readonly foldLag?: number | undefined;
  /** True if a worker reaches MongoDB. If none does, the lag grows however many workers there are. */
  readonly storeReachable: boolean;
  /** Reason why Kubernetes creates no further pods, in words; missing when it does. */
  readonly refused?: string | undefined;
  /** Milliseconds that never run backwards. */
  readonly now: number;
  /** {@link WorkerDecision.history} of the last decision; empty after a start of the operator. */
  readonly history: readonly LagObservation[];
}

export interface WorkerDecision {
  /** Workers to run. */
  readonly replicas: number;
  readonly reason:
    | 'Disabled'
    | 'ScaledUp'
    | 'ScaledDown'
    | 'Steady'
    | 'WindowOpen'
    | 'LagUnknown'
    | 'StoreUnreachable'
    | 'PodsRefused';
  /** One sentence with the numbers, for status and Events. */
  readonly message: string;
  /** Workers the largest lag asks for, before bounds and windows; undefined while it is unknown. */
  readonly wanted: number | undefined;
  readonly history: readonly LagObservation[];
}

/**
 * Decides how many workers there should be: as many as the messages that wait to be stored ask for, or the entries that wait
 * for the slowest fold, whichever are more. But more only once they were needed for the whole window of scale-ups, and fewer only once they were enough for the whole window of scale-downs. A lost
 * history only delays a step.
 */
export function decideWorkers(input: WorkerScaleInput): WorkerDecision {
  const { spec, replicas, current, lag, foldLag = 0, storeReachable, now } = input;
  const { minReplicas: min, maxReplicas: max, targetLagMessages: target } = spec;
  if (spec.mode === 'Disabled') {
    const message = `worker.replicas is ${replicas}`;
    return { replicas, reason: 'Disabled', message, wanted: undefined, history: [] };
  }
  const clamp = (count: number) => Math.min(max, Math.max(min, count));
  const unknown = lag === undefined || !storeReachable;
  const wanted = unknown ? undefined : Math.ceil(Math.max(lag, foldLag) / target);
  // Observations from before an unknown time are dropped: they do not show that the lag was the same in between.
  const history = wanted === undefined ? [] : windowOf(input, wanted);
  const made = { wanted, history };
  const bounded = clamp(current);
  if (bounded !== current) {
    const reason = bounded > current ? 'ScaledUp' : 'ScaledDown';
    return {
      ...made,
      replicas: bounded,
      reason,
      message: `from ${current} to ${bounded}: the bounds are ${min} to ${max}`,
    };
  }
  if (!storeReachable) {
    const message = 'the workers do not reach MongoDB; the size is kept';
    return { ...made, replicas: current, reason: 'StoreUnreachable', message };
  }
  if (wanted === undefined) {
    return {
      ...made,
      replicas: current,
      reason: 'LagUnknown',
      message: 'no worker reports the lag; the size is kept',
    };
  }
  const text = `${waiting(lag ?? 0, foldLag)}, ${target.toLocaleString('en')} for each worker`;
  const next = clamp(wanted);
  if (next === current) return { ...made, replicas: current, reason: 'Steady', message: text };
  const seconds = next > current ? spec.scaleUpWindowSeconds : spec.scaleDownWindowSeconds;
  const seen = history.filter(each => each.at > now - seconds * 1_000).map(each => clamp(each.wanted));
  const whole = (history[0]?.at ?? now) <= now - seconds * 1_000;
  const stable = next > current ? Math.min(next, ...seen) : Math.max(next, ...seen);
  if (!whole || (next > current ? stable <= current : stable >= current)) {
    const message = `${next} workers wanted; waiting for a window of ${seconds} s: ${text}`;
    return { ...made, replicas: current, reason: 'WindowOpen', message };
  }
  if (input.refused !== undefined && stable > current)
    return { ...made, replicas: current, reason: 'PodsRefused', message: `${input.refused}; ${text}` };
  const reason = stable > current ? 'ScaledUp' : 'ScaledDown';
  return { ...made, replicas: stable, reason, message: `from ${current} to ${stable}: ${text}` };
}

const waiting = (lag: number, foldLag: number) =>
  foldLag > lag
    ? `${foldLag.toLocaleString('en')} entries wait for the slowest fold`
    : `${lag.toLocaleString('en')} messages wait`;

/** History of the longer window, and one look before it, which shows that the history covers the window. */
function windowOf({ spec, history, now }: WorkerScaleInput, wanted: number): readonly LagObservation[] {
  const all = [...history, { at: now, wanted }];
  const keepMs = Math.max(spec.scaleUpWindowSeconds, spec.scaleDownWindowSeconds) * 1_000;
  return all.slice(
    Math.max(
      0,
      all.findLastIndex(each => each.at <= now - keepMs),
    ),
  );
}
