import { type JetStreamManager, jetstream } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Copies } from './copies.ts';
import { orNull, STREAM_NOT_FOUND } from './jetstream-api.ts';

/** Time after which the lock of a dead process is free. */
const TTL_MS = 15_000;
const RENEW_MS = 4_000;
const RETRY_MS = 250;
const KEY = 'streams';

/** Another process has the lock, or this process lost it. The caller tries again. */
export class LockLost extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LockLost';
  }
}

/** A lock that this process has. */
export interface Lock {
  /** Must be called before each change. @throws {LockLost} if another process may have the lock by now */
  check(): void;
}

/** Lock to take, and for how long to try. */
export interface LockOptions {
  readonly bucket: string;
  readonly copies: Pick<Copies, 'forNew' | 'make'>;
  /** Value of the key: name of this process, for an administrator who looks into the bucket. */
  readonly holder: string;
  /** Milliseconds to wait for another process. */
  readonly waitMs: number;
}

/**
 * Runs `work` under the lock of this ChatCluster's streams: a key that only one process can create.
 * @throws {LockLost} if another process keeps the lock for longer than `waitMs`
 */
export async function withLock<T>(
  connection: NatsConnection,
  options: LockOptions,
  work: (lock: Lock) => Promise<T>,
): Promise<T> {
  const bucket = await openBucket(connection, { ...options, ttlMs: TTL_MS });
  const deadline = performance.now() + options.waitMs;
  let revision = 0;
  let sureUntil = 0;
  for (;;) {
    const sentAt = performance.now();
    try {
      revision = await bucket.create(KEY, options.holder);
      sureUntil = sentAt + TTL_MS / 2;
      break;
    } catch (error) {
      if (performance.now() > deadline) throw new LockLost(`another worker is changing the streams (${reason(error)})`);
      await new Promise(resolve => setTimeout(resolve, RETRY_MS));
    }
  }
  let renewing: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    renewing = (async () => {
      const sentAt = performance.now();
      revision = await bucket.update(KEY, options.holder, revision);
      sureUntil = sentAt + TTL_MS / 2;
    })().catch(() => undefined); // check() throws if the lock was lost
  }, RENEW_MS);
  try {
    return await work({
      check: () => {
        if (performance.now() > sureUntil) throw new LockLost('the lock on the streams was lost');
      },
    });
  } finally {
    clearInterval(timer);
    await renewing;
    await bucket.delete(KEY, { previousSeq: revision }).catch(() => undefined); // otherwise it expires
  }
}

const NAME_IN_USE = 10_058;

/** Bucket to open. */
export interface BucketOptions extends Pick<LockOptions, 'bucket' | 'copies'> {
  /** Time after which NATS removes a key that is not written again. */
  readonly ttlMs: number;
}

/** Opens a bucket, or creates it; one that exists is used with any number of replicas. */
export async function openBucket(connection: NatsConnection, options: BucketOptions): Promise<KV> {
  const buckets = new Kvm(jetstream(connection));
  try {
    return await options.copies.make(options.copies.forNew(), replicas =>
      buckets.create(options.bucket, { ttl: options.ttlMs, history: 1, replicas }),
    );
  } catch (error) {
    if ((error as { code?: unknown }).code !== NAME_IN_USE) throw error;
    return await buckets.open(options.bucket);
  }
}

/** Raises the number of copies of a bucket to `copies`, if it exists and has fewer. */
export async function raiseBucket(jsm: JetStreamManager, bucket: string, copies: number): Promise<void> {
  const stream = `KV_${bucket}`;
  const found = await orNull(jsm.streams.info(stream), STREAM_NOT_FOUND);
  if (found && found.config.num_replicas < copies) await jsm.streams.update(stream, { num_replicas: copies });
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
