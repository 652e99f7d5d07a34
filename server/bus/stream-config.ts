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

/** Options that decide on the settings of streams and of the store's consumer. */
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

/**
 * Settings of LOG, which acknowledges and deduplicates. It has no age limit, and refuses new
 * messages when full: old ones may not be stored yet.
 */
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
 * Settings of LIVE, which mirrors the last minutes of LOG with the same sequences and
 * republishes them on core NATS. For each republished message the server loads the room's
 * previous one, in a block of up to 8 MB: so this stream is small, and LOG does not republish.
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
 * Settings of LAST, which keeps one small value per room without an age limit: the offset of its last message that was purged
 * from LOG. A missing room means what {@link Cover} says.
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

/**
 * Settings of the bucket POLICY: those of a key-value bucket with the last value of each key. Direct reads let rooms that are opened
 * together share one request.
 */
export function policyConfig({ policyBucket }: Names, options: Pick<StreamOptions, 'streamReplicas'>) {
  return {
    name: `KV_${policyBucket}`,
    subjects: [`$KV.${policyBucket}.>`],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    max_msgs_per_subject: 1,
    max_age: 0,
    num_replicas: options.streamReplicas,
    allow_direct: true,
    allow_rollup_hdrs: true,
    deny_delete: true,
  } satisfies Partial<StreamConfig>;
}

/**
 * Settings of MARKS, which keeps the last marks of each user in each room without an age limit. Workers remove the oldest that MongoDB
 * has.
 */
export function marksConfig(names: Names, options: Pick<StreamOptions, 'streamReplicas'>) {
  return {
    name: names.marksStream,
    subjects: [names.marksSubjects],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_msgs_per_subject: 1,
    max_age: 0,
    num_replicas: options.streamReplicas,
    allow_direct: true,
  } satisfies Partial<StreamConfig>;
}

/** Settings of the store's consumer. Deliveries have no limit: a message is delivered until it is stored, or set aside. */
export function storeConsumerConfig(names: Names, options: StreamOptions) {
  return {
    durable_name: names.storeConsumer,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(options.ackWaitSeconds * 1_000),
    max_deliver: -1,
    // Several workers process a batch each, and during a rollout there are more workers.
    max_ack_pending: Math.max(1_000, options.storeBatch * 8),
  } satisfies Partial<ConsumerConfig>;
}

/** Names of settings in `wanted` that differ in `current`. Ignores settings that the server adds. Pure. */
export function differences(current: object, wanted: object): string[] {
  const actual = current as Record<string, unknown>;
  return Object.entries(wanted)
    .filter(([key, value]) => !same(actual[key], value))
    .map(([key]) => key);
}

function same(actual: unknown, wanted: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return (actual ?? 0) === wanted; // the server omits zeros
  if (typeof actual !== 'object' || actual === null) return false;
  return differences(actual, wanted).length === 0 && Object.keys(actual).length >= Object.keys(wanted).length;
}
