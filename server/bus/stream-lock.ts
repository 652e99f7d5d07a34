import { type JetStreamManager, jetstream } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Copies } from './copies.ts';

/** A lock whose holder died is free after this long. */
const TTL_MS = 15_000;
const RENEW_MS = 4_000;
const RETRY_MS = 250;
const KEY = 'streams';

/** Somebody else holds the lock, or it was lost on the way. The caller tries again later. */
export class LockLost extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LockLost';
  }
}

export interface Lock {
  /** Call before each change. @throws {LockLost} when another process may hold the lock by now */
  check(): void;
}

export interface LockOptions {
  readonly bucket: string;
  readonly copies: Pick<Copies, 'forNew' | 'make'>;
  /** Names the holder for people who look into the bucket. */
  readonly holder: string;
  /** How long to wait for another holder. */
  readonly waitMs: number;
}

/** Runs `work` while no other process of this ChatCluster does. The lock is a key that only one can create. */
export async function withLock<T>(
  connection: NatsConnection,
  options: LockOptions,
  work: (lock: Lock) => Promise<T>,
): Promise<T> {
  const bucket = await openBucket(connection, options);
  const deadline = performance.now() + options.waitMs;
  let revision = 0;
  let sureUntil = 0;
  for (;;) {
    const asked = performance.now();
    try {
      revision = await bucket.create(KEY, options.holder);
      sureUntil = asked + TTL_MS / 2;
      break;
    } catch (error) {
      if (performance.now() > deadline) throw new LockLost(`another worker is changing the streams (${reason(error)})`);
      await new Promise(resolve => setTimeout(resolve, RETRY_MS));
    }
  }
  let renewing: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    renewing = (async () => {
      const asked = performance.now();
      revision = await bucket.update(KEY, options.holder, revision);
      sureUntil = asked + TTL_MS / 2;
    })().catch(() => undefined); // check() tells, when it matters
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
    await bucket.delete(KEY, { previousSeq: revision }).catch(() => undefined); // else it ends by itself
  }
}

const NAME_IN_USE = 10_058;

/** A bucket made with another number of replicas is as good. */
async function openBucket(connection: NatsConnection, options: LockOptions): Promise<KV> {
  const buckets = new Kvm(jetstream(connection));
  try {
    return await options.copies.make(options.copies.forNew(), replicas =>
      buckets.create(options.bucket, { ttl: TTL_MS, history: 1, replicas }),
    );
  } catch (error) {
    if ((error as { code?: unknown }).code !== NAME_IN_USE) throw error;
    return await buckets.open(options.bucket);
  }
}

/** Gives a bucket that is there at least so many copies. */
export async function raiseLock(jsm: JetStreamManager, bucket: string, copies: number): Promise<void> {
  const stream = `KV_${bucket}`;
  const { config } = await jsm.streams.info(stream);
  if (config.num_replicas < copies) await jsm.streams.update(stream, { num_replicas: copies });
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
