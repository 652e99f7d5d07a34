import { headers, type NatsConnection } from '@nats-io/transport-node';
import type { Copies } from './copies.ts';
import { directBatch } from './direct-read.ts';
import { WRONG_LAST_SEQUENCE } from './jetstream-api.ts';
import { offsetOf, readHeaders, serverHeader } from './read-headers.ts';
import { openBucket } from './stream-lock.ts';

/** Value of a key, and the revision that wrote it. Revisions of a bucket rise with each write of any key. */
export interface LeaseRecord {
  readonly value: string;
  readonly revision: number;
}

/**
 * Keys that all workers of a ChatCluster share, with compare-and-set. Calls may run at the same time; each rejects if NATS does
 * not answer in time, and then a write may have happened or not.
 */
export interface LeaseBucket {
  /** Reads all keys, from any replica: a record may be outdated, never invented. */
  read(): Promise<ReadonlyMap<string, LeaseRecord>>;
  /**
   * Writes a key if its last revision is still `revision`; 0 for a key that does not exist.
   * @returns the new revision
   * @throws {LeaseTaken} if another process wrote the key
   */
  write(key: string, value: string, revision: number): Promise<number>;
}

/** Another process wrote the key meanwhile: nothing was written. */
export class LeaseTaken extends Error {
  constructor(key: string) {
    super(`another process wrote ${key}`);
    this.name = 'LeaseTaken';
  }
}

/** Time after which NATS removes a key that is not written any more: those of workers that are gone. */
const KEPT_MS = 3_600_000;
const TIMEOUT_MS = 2_000;

/** Opens a bucket of leases, or makes it. */
export async function leaseBucket(
  connection: NatsConnection,
  bucket: string,
  copies: Pick<Copies, 'forNew' | 'make'>,
): Promise<LeaseBucket> {
  await openBucket(connection, { bucket, copies, ttlMs: KEPT_MS });
  const prefix = `$KV.${bucket}.`;
  return {
    async read() {
      const request = { multi_last: [`${prefix}>`] };
      const { messages } = await directBatch(connection, `KV_${bucket}`, request, TIMEOUT_MS);
      const records = new Map<string, LeaseRecord>();
      for (const message of messages) {
        const found = readHeaders(message).headers;
        const subject = serverHeader(found, 'Nats-Subject');
        const revision = offsetOf(serverHeader(found, 'Nats-Sequence'));
        records.set(subject.slice(prefix.length), { value: message.string(), revision });
      }
      return records;
    },
    async write(key, value, revision) {
      const expected = headers();
      expected.set('Nats-Expected-Last-Subject-Sequence', String(revision));
      const reply = await connection.request(prefix + key, value, { headers: expected, timeout: TIMEOUT_MS });
      const { seq = 0, error } = reply.json<{ seq?: number; error?: { err_code: number; description: string } }>();
      if (error?.err_code === WRONG_LAST_SEQUENCE) throw new LeaseTaken(key);
      if (error || seq === 0)
        throw new Error(`the bucket ${bucket} refused a write: ${error?.description ?? 'no answer'}`);
      return seq;
    },
  };
}
