import { Rate } from '../time/rate.ts';
import { Rates } from '../time/rates.ts';

/** Limits, read at each use. */
export interface ConnectRates {
  readonly connectsPerSecond: number;
  readonly connectsPerSecondPerAddress: number;
}

/** Share of a second's connects that is kept for addresses below their rate. */
const KEPT = 1 / 5;
/** Time in ms for which a share is kept for other addresses after one of them connected: SDKs retry within seconds. */
const OTHERS_MS = 10_000;

/**
 * Rate of new connections, shared so that one address cannot keep the others out. Each address has its own guaranteed rate; above
 * it, it gets what the others leave, all of it while no other address connects. So the clients behind one proxy or NAT have the
 * rate of the whole gateway, and one machine that connects all the time has only what the others leave.
 */
export class ConnectRate {
  readonly #limits: ConnectRates;
  readonly #all: Rate;
  readonly #addresses = new Rates();
  #last = '';
  #changedAt = Number.NEGATIVE_INFINITY;

  constructor(limits: ConnectRates, now: number) {
    this.#limits = limits;
    this.#all = new Rate(limits.connectsPerSecond, now);
  }

  /** @returns null to accept; `address` if this address exceeds its share and others need theirs, `rate` if all exceed theirs */
  take(address: string, now: number): 'address' | 'rate' | null {
    const { connectsPerSecond: all, connectsPerSecondPerAddress: own } = this.#limits;
    if (address !== this.#last) {
      if (this.#last !== '') this.#changedAt = now;
      this.#last = address;
    }
    const sure = this.#addresses.take(address, now, own, own);
    const others = now - this.#changedAt < OTHERS_MS;
    const kept = sure || !others ? 0 : Math.floor(all * KEPT);
    if (this.#all.take(now, all, all, 1, kept)) return null;
    return kept > 0 ? 'address' : 'rate';
  }
}
