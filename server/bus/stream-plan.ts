import type { ConsumerInfo, StreamInfo } from '@nats-io/jetstream';
import type { StoredFloor } from '../room/history-store.ts';
import { epochOf, type WithMetadata } from './epoch.ts';
import { adoptedStart, incarnationStart, planRefill, type RefillPlan } from './refill-plan.ts';
import { compareSpecs, specOf } from './spec-version.ts';
import {
  differences,
  type lastConfig,
  type liveConfig,
  type logConfig,
  type marksConfig,
  type policyConfig,
  type storeConsumerConfig,
} from './stream-config.ts';

/** Distance of a lift above every acknowledged sequence: more than the messages that can be between LOG and MongoDB. */
export const LIFT = 1_000_000;

/** State of one partition, read in this order: consumer, floor, LIVE, LOG. So a later one can only be ahead of an earlier one. */
export interface ObservedStreams {
  /** Highest offset known to exist: stored in MongoDB, read by this process before, or reported by others. */
  readonly floor: number;
  /** Null if MongoDB does not answer: then no LOG stream is created or lifted, and nothing is stored again. */
  readonly stored: StoredFloor | null;
  readonly live: StreamInfo | null;
  readonly log: StreamInfo | null;
  readonly consumer: ConsumerInfo | null;
  readonly last: StreamInfo | null;
  /** Stream of the bucket POLICY; null also where {@link WantedStreams.policy} is null. */
  readonly policy: StreamInfo | null;
  /** Stream of marks; null also where {@link WantedStreams.marks} is null. */
  readonly marks: StreamInfo | null;
}

/** Settings that the streams and the consumer of a partition should have. */
export interface WantedStreams {
  /** Version of the spec that the settings come from, see {@link SPEC_KEY}. */
  readonly spec: string;
  readonly log: ReturnType<typeof logConfig>;
  readonly live: ReturnType<typeof liveConfig>;
  readonly consumer: ReturnType<typeof storeConsumerConfig>;
  readonly last: ReturnType<typeof lastConfig>;
  /** The bucket that all partitions share; null for all partitions but the first. */
  readonly policy: ReturnType<typeof policyConfig> | null;
  /** The stream of marks that all partitions share; null for all partitions but the first. */
  readonly marks: ReturnType<typeof marksConfig> | null;
}

/** Streams of last values. They are never lifted and wait for nothing: whatever they lack is read from MongoDB. */
const VALUES = ['last', 'policy', 'marks'] as const;
type Values = (typeof VALUES)[number];

/** One step of a stream plan. Steps are taken in the order of the plan. */
export type StreamStep =
  /** `above`: highest offset known to exist, 0 for a partition that never had a message. */
  | { readonly do: 'create-log'; readonly firstSeq: number; readonly above: number }
  /** The stream lost its last messages: raise its sequence to `to`, under a new epoch. */
  | { readonly do: 'lift'; readonly to: number; readonly last: number; readonly above: number }
  /** `from`: first offset of the epoch, if it is not noted on the stream yet. */
  | { readonly do: 'update-log'; readonly differences: readonly string[]; readonly from?: number }
  /** Delete LIVE if it exists, and create it. `from`: first sequence to mirror. */
  | { readonly do: 'create-live'; readonly from: number; readonly reason: 'missing' | 'log-made-again' | 'stalled' }
  | { readonly do: 'update-live'; readonly differences: readonly string[] }
  | { readonly do: 'create-consumer' }
  /** MongoDB lost messages: deliver them again, and note the ranges that are lost for ever. */
  | ({ readonly do: 'refill' } & RefillPlan)
  | { readonly do: 'update-consumer'; readonly differences: readonly string[] }
  | { readonly do: `create-${Values}` }
  | { readonly do: `update-${Values}`; readonly differences: readonly string[] };

/** Stream of last values that a step is about. */
export const valuesOf = (step: { readonly do: `create-${Values}` | `update-${Values}` }): Values =>
  step.do.slice('create-'.length) as Values;

/**
 * Stream plan: the steps from the observed streams to the wanted ones; none if they are right. Pure.
 *
 * A LOG stream whose last sequence is below the floor has lost its last messages (a restored
 * copy, a power cut): its next messages would reuse offsets that clients know and MongoDB
 * has. The last sequence of LIVE counts too, because a mirror is never ahead.
 */
export function planStreams(observed: ObservedStreams, wanted: WantedStreams): StreamStep[] {
  return [...planOrder(observed, wanted), ...VALUES.flatMap(stream => planValues(stream, observed, wanted))];
}

/**
 * Settings of a stream or consumer to change. A worker of an older spec keeps the settings of a newer one, because two
 * workers with different options would otherwise change them back and forth; it only removes a fence that a lift left behind.
 */
function changesOf(actual: WithMetadata, wanted: object, spec: string): string[] {
  const changed = differences(actual.config, wanted);
  const order = compareSpecs(specOf(actual), spec);
  if (order > 0) return changed.filter(setting => setting === 'subjects');
  return order < 0 ? [...changed, 'spec'] : changed;
}

/**
 * Stream plan that only adds copies: for streams with fewer than `wanted`, unless their settings are those of a newer spec.
 * Taken when {@link planStreams} has no steps. Pure.
 */
export function planRaise(
  observed: ObservedStreams,
  wanted: Pick<WantedStreams, 'spec' | 'log' | 'live' | Values>,
): StreamStep[] {
  const lacks = (actual: StreamInfo | null, more: { readonly num_replicas: number } | null) =>
    actual !== null &&
    actual.config.num_replicas < (more?.num_replicas ?? 0) &&
    compareSpecs(specOf(actual), wanted.spec) <= 0;
  const differences = ['num_replicas'];
  const { log, live } = observed;
  return [
    ...(lacks(log, wanted.log) ? [{ do: 'update-log', differences } as const] : []),
    ...(lacks(live, wanted.live) ? [{ do: 'update-live', differences } as const] : []),
    ...VALUES.flatMap(stream =>
      lacks(observed[stream], wanted[stream]) ? [{ do: `update-${stream}`, differences } as const] : [],
    ),
  ];
}

/** Steps for a stream of last values. */
function planValues(stream: Values, observed: ObservedStreams, wanted: WantedStreams): StreamStep[] {
  const settings = wanted[stream];
  if (!settings) return [];
  const actual = observed[stream];
  if (!actual) return [{ do: `create-${stream}` }];
  const changed = changesOf(actual, settings, wanted.spec);
  return changed.length > 0 ? [{ do: `update-${stream}`, differences: changed }] : [];
}

/** Highest offset that is known to exist. */
const aboveOf = ({ floor, live }: ObservedStreams): number => Math.max(floor, live?.state.last_seq ?? 0);

/** True if a LOG stream has lost its last messages. */
export const lacksEnd = (log: StreamInfo, observed: ObservedStreams): boolean => log.state.last_seq < aboveOf(observed);

/** Steps for LOG, LIVE and the consumer. */
function planOrder(observed: ObservedStreams, wanted: WantedStreams): StreamStep[] {
  const { log, live, consumer } = observed;
  const above = aboveOf(observed);
  const steps: StreamStep[] = [];
  if (!log) {
    if (!observed.stored) return [];
    const firstSeq = above === 0 ? 1 : above + LIFT;
    steps.push({ do: 'create-log', firstSeq, above });
    // A mirror would find its new origin only after 20 s.
    steps.push({ do: 'create-live', from: firstSeq, reason: live ? 'log-made-again' : 'missing' });
    steps.push({ do: 'create-consumer' });
    return steps;
  }
  // A lift stores messages, which MongoDB refuses after a loss until that is settled.
  const lifted = lacksEnd(log, observed) && observed.stored?.rolledBack === false;
  if (lifted) steps.push({ do: 'lift', to: above + LIFT, last: log.state.last_seq, above });
  else steps.push(...planLog(log, observed, wanted));
  if (!live) steps.push({ do: 'create-live', from: log.state.last_seq + 1, reason: 'missing' });
  else if (stalled(live)) steps.push({ do: 'create-live', from: live.state.last_seq + 1, reason: 'stalled' });
  else {
    const changed = changesOf(live, wanted.live, wanted.spec);
    if (live.config.mirror_direct) changed.push('mirror_direct');
    if (changed.length > 0) steps.push({ do: 'update-live', differences: changed });
  }
  if (!consumer) steps.push({ do: 'create-consumer' });
  else {
    const changed = changesOf(consumer, wanted.consumer, wanted.spec);
    if (changed.length > 0) steps.push({ do: 'update-consumer', differences: changed });
  }
  // A lift stores everything and moves the consumer: the next look plans on both.
  const refill = lifted ? null : refillOf(log, observed);
  if (refill) steps.push({ do: 'refill', ...refill });
  return steps;
}

function planLog(log: StreamInfo, { stored, consumer }: ObservedStreams, wanted: WantedStreams): StreamStep[] {
  const changed = changesOf(log, wanted.log, wanted.spec);
  if (epochOf(log) === '') changed.push('epoch');
  const ackFloor = consumer?.ack_floor.stream_seq ?? 0;
  const noted = incarnationStart(log) !== null || !stored;
  const from = noted ? {} : { from: adoptedStart(stored, ackFloor, log.state.first_seq) };
  if (!noted) changed.push('from');
  return changed.length > 0 ? [{ do: 'update-log', differences: changed, ...from }] : [];
}

function refillOf(log: StreamInfo, { stored, consumer }: ObservedStreams): RefillPlan | null {
  const from = incarnationStart(log); // update-log notes it first if it is missing
  if (!stored || !consumer || from === null) return null;
  return planRefill({ stored, ackFloor: consumer.ack_floor.stream_seq, first: log.state.first_seq, from });
}

/** Silence after which a mirror counts as stalled. Its origin reports each second; -1 means never. */
const SILENT_NANOS = 3_000_000_000;

/** Age below which a mirror may be silent, because it was just made. */
const SETTLE_MS = 5_000;

/**
 * True if LIVE receives nothing from LOG. After a restart the server tries LOG once, often before LOG is ready, and then
 * waits 12 s; making LIVE anew takes milliseconds. Pure.
 */
export function stalled(live: StreamInfo): boolean {
  const active = live.mirror?.active ?? -1;
  const age = Date.parse(live.ts ?? '') - Date.parse(live.created);
  return (active < 0 || active > SILENT_NANOS) && !(age < SETTLE_MS);
}

/** Replicas of the partition's stream that has the fewest. */
export function fewest({ log, live, last, policy, marks }: ObservedStreams): number {
  return Math.min(...[log, live, last, policy, marks].flatMap(stream => stream?.config.num_replicas ?? []));
}

/** Streams of `wanted` with another number of copies. */
export function copiesOf(
  { log, live, last, policy, marks }: WantedStreams,
  copies: number,
): Pick<WantedStreams, 'log' | 'live' | Values> {
  const more = { num_replicas: copies };
  return {
    log: { ...log, ...more },
    live: { ...live, ...more },
    last: { ...last, ...more },
    policy: policy && { ...policy, ...more },
    marks: marks && { ...marks, ...more },
  };
}
