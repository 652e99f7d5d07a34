import type { ConsumerInfo, StreamInfo } from '@nats-io/jetstream';
import type { StoredFloor } from '../room/history-store.ts';
import { epochOf, type WithMetadata } from './epoch.ts';
import { adoptedStart, incarnationStart, planRefill, type Refill } from './refill-plan.ts';
import { compareSpecs, specOf } from './spec-version.ts';
import {
  differences,
  type lastConfig,
  type liveConfig,
  type logConfig,
  type storeConsumerConfig,
} from './stream-config.ts';

/** How far a sequence is lifted above everything that was ever acknowledged: more than can be between LOG and MongoDB. */
export const LIFT = 1_000_000;

/** State of one partition. Read in this order: the consumer, the floor, LIVE, LOG; a later one may only be further. */
export interface ObservedStreams {
  /** Highest offset that anybody is known to have seen: stored in MongoDB, or seen by this process before. */
  readonly floor: number;
  /** Null while MongoDB does not tell: then no LOG stream is created or lifted, and nothing is stored again. */
  readonly stored: StoredFloor | null;
  readonly live: StreamInfo | null;
  readonly log: StreamInfo | null;
  readonly consumer: ConsumerInfo | null;
  readonly last: StreamInfo | null;
}

export interface WantedStreams {
  /** Version of the spec the settings come from, see {@link SPEC_KEY}. */
  readonly spec: string;
  readonly log: ReturnType<typeof logConfig>;
  readonly live: ReturnType<typeof liveConfig>;
  readonly consumer: ReturnType<typeof storeConsumerConfig>;
  readonly last: ReturnType<typeof lastConfig>;
}

/** One change to a partition's streams. They are made in the order of the plan. */
export type StreamStep =
  /** `above` is 0 for a partition that never had a message. */
  | { readonly do: 'create-log'; readonly firstSeq: number; readonly above: number }
  /** The stream ran back: raise it to `to`, under a new epoch. */
  | { readonly do: 'lift'; readonly to: number; readonly last: number; readonly above: number }
  /** `from` is the first offset of the incarnation, where it is not noted yet. */
  | { readonly do: 'update-log'; readonly differences: readonly string[]; readonly from?: number }
  /** Made again if it exists. `from` is the first sequence it mirrors. */
  | { readonly do: 'create-live'; readonly from: number; readonly reason: 'missing' | 'log-made-again' | 'stalled' }
  | { readonly do: 'update-live'; readonly differences: readonly string[] }
  | { readonly do: 'create-consumer' }
  /** MongoDB lost messages: deliver them again, and note what is lost for ever. */
  | ({ readonly do: 'refill' } & Refill)
  | { readonly do: 'update-consumer'; readonly differences: readonly string[] }
  | { readonly do: 'create-last' }
  | { readonly do: 'update-last'; readonly differences: readonly string[] };

/**
 * The steps from what is to what should be; none when all is well. Pure.
 *
 * A LOG stream whose last sequence is below the floor has lost its tail (a restored copy, a power cut): its next messages
 * would reuse offsets that clients hold and MongoDB has. LIVE counts for the floor, because a mirror is never ahead.
 */
export function planStreams(observed: ObservedStreams, wanted: WantedStreams): StreamStep[] {
  return [...planOrder(observed, wanted), ...planLast(observed, wanted)];
}

/**
 * What to change of a stream or consumer. Two workers with different options would change it for ever: the settings of the
 * newer spec stay, and one of an older spec puts right only what no option says, such as a fence that was left.
 */
function changesOf(held: WithMetadata, wanted: object, spec: string): string[] {
  const changed = differences(held.config, wanted);
  const order = compareSpecs(specOf(held), spec);
  if (order > 0) return changed.filter(setting => setting === 'subjects');
  return order < 0 ? [...changed, 'spec'] : changed;
}

/**
 * Steps that give streams more copies, and change nothing else: none for a stream that has as many as `wanted`, or whose settings
 * are those of a newer spec. To be taken when {@link planStreams} has none. Pure.
 */
export function planRaise(
  { log, live, last }: ObservedStreams,
  wanted: Pick<WantedStreams, 'spec' | 'log' | 'live' | 'last'>,
): StreamStep[] {
  const lacks = (held: StreamInfo | null, { num_replicas: copies }: { readonly num_replicas: number }) =>
    held !== null && held.config.num_replicas < copies && compareSpecs(specOf(held), wanted.spec) <= 0;
  const differences = ['num_replicas'];
  return [
    ...(lacks(log, wanted.log) ? [{ do: 'update-log', differences } as const] : []),
    ...(lacks(live, wanted.live) ? [{ do: 'update-live', differences } as const] : []),
    ...(lacks(last, wanted.last) ? [{ do: 'update-last', differences } as const] : []),
  ];
}

/** LAST loses nothing that is not looked up in MongoDB instead, so it waits for nothing and is never lifted. */
function planLast({ last }: ObservedStreams, wanted: WantedStreams): StreamStep[] {
  if (!last) return [{ do: 'create-last' }];
  const changed = changesOf(last, wanted.last, wanted.spec);
  return changed.length > 0 ? [{ do: 'update-last', differences: changed }] : [];
}

function planOrder(observed: ObservedStreams, wanted: WantedStreams): StreamStep[] {
  const { log, live, consumer } = observed;
  const above = Math.max(observed.floor, live?.state.last_seq ?? 0);
  const steps: StreamStep[] = [];
  if (!log) {
    if (!observed.stored) return [];
    const firstSeq = above === 0 ? 1 : above + LIFT;
    steps.push({ do: 'create-log', firstSeq, above });
    // A mirror whose origin was gone comes back after 20 s only.
    steps.push({ do: 'create-live', from: firstSeq, reason: live ? 'log-made-again' : 'missing' });
    steps.push({ do: 'create-consumer' });
    return steps;
  }
  // A MongoDB that lost messages takes none before that is settled, and a lift stores some.
  const lifted = log.state.last_seq < above && observed.stored?.rolledBack === false;
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
  // A lifted stream has been stored whole, and its consumer moves: the next look judges both.
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

function refillOf(log: StreamInfo, { stored, consumer }: ObservedStreams): Refill | null {
  const from = incarnationStart(log); // noted first, where it is not
  if (!stored || !consumer || from === null) return null;
  return planRefill({ stored, ackFloor: consumer.ack_floor.stream_seq, first: log.state.first_seq, from });
}

/** A mirror hears from its origin each second; -1 means never. */
const SILENT_NANOS = 3_000_000_000;

/** A mirror that was just made may take a moment before it hears anything. */
const SETTLE_MS = 5_000;

/**
 * Whether LIVE gets nothing from LOG. After a restart the server asks LOG once, often before LOG is there, and then waits
 * 12 s; making LIVE again takes milliseconds. Pure.
 */
export function stalled(live: StreamInfo): boolean {
  const active = live.mirror?.active ?? -1;
  const age = Date.parse(live.ts ?? '') - Date.parse(live.created);
  return (active < 0 || active > SILENT_NANOS) && !(age < SETTLE_MS);
}
