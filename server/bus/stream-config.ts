import {
  AckPolicy,
  type ConsumerConfig,
  DiscardPolicy,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { LIVE_AGE_SECONDS } from '../contract/options.ts';
import type { Config } from '../settings/config.ts';
import type { Names } from './names.ts';

export type StreamOptions = Pick<
  Config,
  | 'streamReplicas'
  | 'streamMaxBytes'
  | 'liveMaxBytes'
  | 'dedupeSeconds'
  | 'ackWaitSeconds'
  | 'storeBatch'
  | 'specVersion'
>;

/** LOG acknowledges and deduplicates, and keeps every message until MongoDB has it: no age limit, new ones are refused. */
export function logConfig(names: Names, partition: number, options: StreamOptions) {
  return {
    name: names.logStream(partition),
    subjects: [names.logSubjects(partition)],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    max_bytes: options.streamMaxBytes,
    max_age: 0,
    duplicate_window: nanos(options.dedupeSeconds * 1_000),
    num_replicas: options.streamReplicas,
    allow_direct: true,
  } satisfies Partial<StreamConfig>;
}

/**
 * LIVE mirrors the last minutes of LOG with the same sequences and republishes them on core NATS. For each message the server loads the room's
 * previous one, a whole block of up to 8 MB, so this stream is small; LOG never republishes.
 */
export function liveConfig(names: Names, partition: number, options: StreamOptions) {
  return {
    name: names.liveStream(partition),
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_bytes: options.liveMaxBytes,
    max_age: nanos(LIVE_AGE_SECONDS * 1_000),
    num_replicas: options.streamReplicas,
    republish: {
      src: names.logSubjects(partition),
      dest: names.liveSubjects(partition).replace('*', '{{wildcard(1)}}'),
    },
  } satisfies Partial<StreamConfig>;
}

/**
 * LAST keeps one small value a room, for ever: the offset of its last message, once that has been purged from LOG. See
 * {@link readCover} for what an absent room means.
 */
export function lastConfig(names: Names, partition: number, options: Pick<StreamOptions, 'streamReplicas'>) {
  return {
    name: names.lastStream(partition),
    subjects: [names.lastSubjects(partition)],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_msgs_per_subject: 1,
    max_age: 0,
    num_replicas: options.streamReplicas,
    allow_direct: true,
  } satisfies Partial<StreamConfig>;
}

/** Nothing is ever given up: a message comes back until it is stored, or set aside because the database refused it. */
export function storeConsumerConfig(names: Names, options: StreamOptions) {
  return {
    durable_name: names.storeConsumer,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(options.ackWaitSeconds * 1_000),
    max_deliver: -1,
    // Several workers hold a batch each, and two for a moment during a rollout.
    max_ack_pending: Math.max(1_000, options.storeBatch * 8),
  } satisfies Partial<ConsumerConfig>;
}

/** Names of the settings in `wanted` that `current` does not have. The server adds more of its own, which is fine. Pure. */
export function differences(current: object, wanted: object): string[] {
  const held = current as Record<string, unknown>;
  return Object.entries(wanted)
    .filter(([key, value]) => !same(held[key], value))
    .map(([key]) => key);
}

function same(held: unknown, wanted: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return (held ?? 0) === wanted; // the server leaves zeros out
  if (typeof held !== 'object' || held === null) return false;
  return differences(held, wanted).length === 0 && Object.keys(held).length >= Object.keys(wanted).length;
}
