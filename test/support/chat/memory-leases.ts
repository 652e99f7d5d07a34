import { type LeaseBucket, type LeaseRecord, LeaseTaken } from '../../../server/bus/lease-bucket.ts';

/** State of a worker's connection to a bucket. */
export interface LeasesLink {
  /** Every call rejects. */
  down: boolean;
  /** Writes happen, but their answers are lost. */
  deaf?: boolean;
  /** Reads answer this, as a replica does that lags. */
  stale?: ReadonlyMap<string, LeaseRecord> | null;
}

/** A bucket of leases in memory, which several workers share, each through a connection that may fail. */
export class MemoryLeases {
  records = new Map<string, LeaseRecord>();
  writes = 0;
  #revision = 0;

  /** A worker's connection. */
  connect(state: LeasesLink): LeaseBucket {
    const check = () => {
      if (state.down) throw new Error('NATS does not answer');
    };
    return {
      read: async () => {
        check();
        return new Map(state.stale ?? this.records);
      },
      write: async (key, value, revision) => {
        check();
        this.writes += 1;
        if ((this.records.get(key)?.revision ?? 0) !== revision) throw new LeaseTaken(key);
        this.records.set(key, { value, revision: ++this.#revision });
        if (state.deaf) throw new Error('the answer was lost');
        return this.#revision;
      },
    };
  }
}
