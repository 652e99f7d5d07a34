import type { WorkerAutoscalingSpec } from '../api/chat-cluster.ts';

/** What one look at the lag found. */
export interface LagObservation {
  /** Milliseconds that never run backwards. */
  readonly at: number;
  /** Workers the lag asked for, before the bounds. */
  readonly wanted: number;
}

export interface WorkerScaleInput {
  readonly spec: WorkerAutoscalingSpec;
  /** `worker.replicas`: decides while the mode is Disabled. */
  readonly replicas: number;
  /** Workers asked for now. */
  readonly current: number;
  /** Messages that MongoDB does not have yet; undefined while no worker says. */
  readonly lag: number | undefined;
  /** Whether a worker reaches MongoDB: while none does, the lag grows however many there are. */
  readonly storeReachable: boolean;
  /** Why no further pod can be created, in words; missing when they can. */
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
  /** One sentence with the numbers. */
  readonly message: string;
  /** Workers the lag asks for, before bounds and windows; undefined when it is not known. */
  readonly wanted: number | undefined;
  readonly history: readonly LagObservation[];
}

/**
 * How many workers there should be: as many as the waiting messages ask for, more once they have been needed for the whole
 * window, fewer once they have been enough for the whole of the other. A memory that was lost only delays a step.
 */
export function decideWorkers(input: WorkerScaleInput): WorkerDecision {
  const { spec, replicas, current, lag, storeReachable, now } = input;
  const { minReplicas: min, maxReplicas: max, targetLagMessages: target } = spec;
  if (spec.mode === 'Disabled') {
    const message = `worker.replicas is ${replicas}`;
    return { replicas, reason: 'Disabled', message, wanted: undefined, history: [] };
  }
  const clamp = (count: number) => Math.min(max, Math.max(min, count));
  const unknown = lag === undefined || !storeReachable;
  const wanted = unknown ? undefined : Math.ceil(lag / target);
  // What was seen before a time of not knowing says nothing about what is after it.
  const history = wanted === undefined ? [] : remembered(input, wanted);
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
      message: 'no worker says how much waits; the size is kept',
    };
  }
  const text = `${lag?.toLocaleString('en')} messages wait, ${target.toLocaleString('en')} for each worker`;
  const next = clamp(wanted);
  if (next === current) return { ...made, replicas: current, reason: 'Steady', message: text };
  const seconds = next > current ? spec.scaleUpWindowSeconds : spec.scaleDownWindowSeconds;
  const seen = history.filter(each => each.at > now - seconds * 1_000).map(each => clamp(each.wanted));
  const whole = (history[0]?.at ?? now) <= now - seconds * 1_000;
  const stable = next > current ? Math.min(next, ...seen) : Math.max(next, ...seen);
  if (!whole || (next > current ? stable <= current : stable >= current)) {
    const message = `${next} workers would do, waiting for a window of ${seconds} s: ${text}`;
    return { ...made, replicas: current, reason: 'WindowOpen', message };
  }
  if (input.refused !== undefined && stable > current)
    return { ...made, replicas: current, reason: 'PodsRefused', message: `${input.refused}; ${text}` };
  const reason = stable > current ? 'ScaledUp' : 'ScaledDown';
  return { ...made, replicas: stable, reason, message: `from ${current} to ${stable}: ${text}` };
}

/** The memory as far back as the longer window, and one look more, which tells that it reaches that far. */
function remembered({ spec, history, now }: WorkerScaleInput, wanted: number): readonly LagObservation[] {
  const all = [...history, { at: now, wanted }];
  const keepMs = Math.max(spec.scaleUpWindowSeconds, spec.scaleDownWindowSeconds) * 1_000;
  return all.slice(
    Math.max(
      0,
      all.findLastIndex(each => each.at <= now - keepMs),
    ),
  );
}
