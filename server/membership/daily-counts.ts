import type { WallTime } from '../time/clock.ts';
import type { PolicyStore } from './policy-store.ts';
import { changeKey } from './policy-writes.ts';

/** Acts on strangers, which are limited a day. */
export type Counted = 'requests' | 'dms';

/** Counts of one user on one day, in UTC. */
type Counts = { readonly day: number } & Readonly<Partial<Record<Counted, number>>>;

const DAY_MS = 24 * 60 * 60 * 1000;

/** Counts of what users did on the present day, shared by all gateways. They are lost with POLICY. */
export class DailyCounts {
  readonly #policy: PolicyStore;
  readonly #wallClock: () => WallTime;

  constructor(policy: PolicyStore, wallClock: () => WallTime) {
    this.#policy = policy;
    this.#wallClock = wallClock;
  }

  /**
   * Counts one more act of a user.
   * @returns false if the user has `most` already: nothing is counted then
   * @throws {ReadFailed} {@link PublishFailed} if NATS does not answer
   */
  async take(user: string, what: Counted, most: number): Promise<boolean> {
    const day = Math.floor(this.#wallClock() / DAY_MS);
    let isTaken = false;
    await changeKey(this.#policy, { counts: user }, value => {
      const counts = countsOf(value, day);
      const count = counts[what] ?? 0;
      isTaken = count < most;
      return isTaken ? { ...counts, [what]: count + 1 } : null;
    });
    return isTaken;
  }
}

/** Counts of a day; none if the value is of another day. */
function countsOf(value: unknown, day: number): Counts {
  const { day: known, requests, dms } = (value ?? {}) as Partial<Record<'day' | Counted, unknown>>;
  if (known !== day) return { day };
  return {
    day,
    ...(Number.isSafeInteger(requests) ? { requests: requests as number } : {}),
    ...(Number.isSafeInteger(dms) ? { dms: dms as number } : {}),
  };
}
