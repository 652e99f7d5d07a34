import type { AutoscalingSpec } from '../api/chat-cluster.ts';

/** What one gateway holds; `undefined` when it is ready but did not say. */
export interface LoadSample {
  readonly pod: string;
  readonly connections: number | undefined;
}

/** How many gateways were thought to be needed at a time. */
export interface Recommendation {
  readonly at: number;
  readonly replicas: number;
}

export type ScaleBounds = Pick<
  AutoscalingSpec,
  'minReplicas' | 'maxReplicas' | 'targetConnections' | 'scaleDownWindowSeconds'
>;

export interface ScaleInput {
  readonly spec: ScaleBounds;
  /** Gateways asked for now. */
  readonly current: number;
  /** One for each ready gateway; undefined while they have not been asked since the operator started. */
  readonly samples: readonly LoadSample[] | undefined;
  /** Milliseconds that never run backwards. */
  readonly now: number;
  /** {@link Decision.history} of the last decision; empty after a start of the operator. */
  readonly history: readonly Recommendation[];
}

export type ScaleReason =
  | 'ScaledUp'
  | 'ScaledDown'
  | 'Steady'
  /** Fewer would do, but not yet for the whole window. */
  | 'WindowOpen'
  /** Fewer would do, but gateways that are not ready would be removed first, and nobody knows what they hold. */
  | 'GatewaysNotReady'
  | 'NotAskedYet'
  | 'NoGatewayReady'
  /** A gateway did not say what it holds: nothing is changed. */
  | 'LoadUnknown'
  /** More than `maxReplicas` would be needed. */
  | 'AtMaximum';

export interface Decision {
  /** Gateways to run. */
  readonly replicas: number;
  readonly reason: ScaleReason;
  /** One sentence with the numbers. */
  readonly message: string;
  /** Connections of all gateways; undefined when not all said. */
  readonly connections: number | undefined;
  /** Gateways the connections ask for, before the bounds. */
  readonly wanted: number | undefined;
  readonly history: readonly Recommendation[];
}

const plural = (count: number, noun: string) => `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;

/**
 * How many gateways there should be. Up at once; down to the most that was needed at any time of the window, which has to
 * have been seen whole. Unknown load counts as "all are needed", so that it can only delay a step down. The
 * bounds hold always, also when the load is unknown.
 */
export function decide({ spec, current, samples: asked, now, history }: ScaleInput): Decision {
  const { minReplicas: min, maxReplicas: max, targetConnections: target } = spec;
  const clamp = (replicas: number) => Math.min(max, Math.max(min, replicas));
  const samples = asked ?? [];
  const unknown = samples.filter(sample => sample.connections === undefined).map(sample => sample.pod);
  const known = samples.length > 0 && unknown.length === 0;
  const connections = samples.reduce((sum, sample) => sum + (sample.connections ?? 0), 0);
  const wanted = known ? Math.ceil(connections / target) : undefined;

  // Without a past, what runs is what was needed.
  const past = history.length === 0 ? [{ at: now, replicas: current }] : history;
  const recent = [...past, { at: now, replicas: wanted ?? current }].filter(
    entry => entry.at > now - spec.scaleDownWindowSeconds * 1_000,
  );
  const made = { connections: known ? connections : undefined, wanted, history: keep(recent, now, wanted ?? current) };

  if (wanted === undefined) {
    const replicas = clamp(current);
    if (replicas !== current) {
      const message = `from ${current} to ${replicas}: the bounds are ${min} to ${max}`;
      return { ...made, replicas, reason: replicas > current ? 'ScaledUp' : 'ScaledDown', message };
    }
    if (!asked) return { ...made, replicas, reason: 'NotAskedYet', message: 'the gateways have not been asked yet' };
    if (samples.length === 0) return { ...made, replicas, reason: 'NoGatewayReady', message: 'no gateway is ready' };
    const message = `${unknown.join(', ')} did not say what it holds; the size is kept`;
    return { ...made, replicas, reason: 'LoadUnknown', message };
  }
  const bounded = clamp(wanted);
  const load = `${plural(connections, 'connection')} at ${target.toLocaleString('en')} a gateway`;
  if (bounded > current) {
    return { ...made, replicas: bounded, reason: 'ScaledUp', message: `from ${current} to ${bounded}: ${load}` };
  }
  const needed = Math.max(bounded, ...recent.map(entry => clamp(entry.replicas)));
  if (needed < current) {
    if (current <= max && samples.length < current) {
      const message = `${samples.length} of ${plural(current, 'gateway')} ready; fewer only when all are`;
      return { ...made, replicas: current, reason: 'GatewaysNotReady', message };
    }
    return { ...made, replicas: needed, reason: 'ScaledDown', message: `from ${current} to ${needed}: ${load}` };
  }
  if (wanted > max)
    return {
      ...made,
      replicas: current,
      reason: 'AtMaximum',
      message: `more than maxReplicas, ${max}, would be needed`,
    };
  if (bounded < current) {
    const message = `fewer gateways would do; waiting for a window of ${spec.scaleDownWindowSeconds} s`;
    return { ...made, replicas: current, reason: 'WindowOpen', message };
  }
  return { ...made, replicas: current, reason: 'Steady', message: 'as many gateways as needed' };
}

/** The recommendations of the window, never none, so that an operator that just started differs from one that watched. */
function keep(recent: readonly Recommendation[], at: number, replicas: number): readonly Recommendation[] {
  return recent.length > 0 ? recent : [{ at, replicas }];
}
