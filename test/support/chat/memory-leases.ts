import { type LeaseBucket, type LeaseRecord, LeaseTaken } from '../../../server/bus/lease-bucket.ts';

/** A bucket of leases in memory, which several workers share, each through a connection that may fail. */
export class MemoryLeases {
  records = new Map<string, LeaseRecord>();
  #revision = 0;

  /** A worker's connection. `state.down`: every call rejects; `state.deaf`: writes happen, but their answers are lost. */
  connect(state: { down: boolean; deaf?: boolean }): LeaseBucket {
    const check = () => {
      if (state.down) throw new Error('NATS does not answer');
    };
    return {
      read: async () => {
        check();
        return new Map(this.records);
      },
      write: async (key, value, revision) => {
        check();
        if ((this.records.get(key)?.revision ?? 0) !== revision) throw new LeaseTaken(key);
        this.records.set(key, { value, revision: ++this.#revision });
        if (state.deaf) throw new Error('the answer was lost');
        return this.#revision;
      },
    };
  }
}
