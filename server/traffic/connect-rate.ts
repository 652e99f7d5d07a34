import { Rate } from '../time/rate.ts';
import { Rates } from '../time/rates.ts';

/** Read at each use. */
export interface ConnectRates {
  readonly connectsPerSecond: number;
  readonly connectsPerSecondPerAddress: number;
}

/** Share of a second's connects that is kept for addresses below their rate. */
const KEPT = 1 / 5;
/** How long an address counts as one that others must leave room for, in ms: SDKs try again within seconds. */
const OTHERS_MS = 10_000;

/**
 * The rate of new connections, shared so that one address cannot keep the others out. Each is sure of its own rate; above it
 * it gets what is left, all of it as long as no other address comes. So many clients behind one proxy or NAT have the rate of
 * the gateway, and one machine that connects all the time has no more than the others leave.
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

  /** @returns why not: `address` when it had its share and others need theirs, `rate` when all together are too many */
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
