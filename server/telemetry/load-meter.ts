import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { GatewayLoad } from '../contract/load.ts';

type Rates = Pick<
  GatewayLoad,
  | 'deliveriesPerSecond'
  | 'commandsPerSecond'
  | 'errorsPerSecond'
  | 'refusedPerSecond'
  | 'publishMs'
  | 'eventLoopLagMs'
  | 'cpu'
>;

/** Rates over the last few seconds, for the load endpoint. Call {@link LoadMeter.tick} once a second. */
export class LoadMeter {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #samples: Sample[] = [];
  readonly #total = {
    deliveries: 0,
    commands: 0,
    errors: 0,
    refused: 0,
    publishes: 0,
    publishMs: 0,
    accepted: 0,
    invalid: 0,
  };
  #rates: Rates = {
    deliveriesPerSecond: 0,
    commandsPerSecond: 0,
    errorsPerSecond: 0,
    refusedPerSecond: 0,
    publishMs: 0,
    eventLoopLagMs: 0,
    cpu: 0,
  };

  constructor() {
    this.#delay.enable();
  }

  /** As of the last tick; 0 before the second. */
  get rates(): Rates {
    return this.#rates;
  }

  delivered(count: number): void {
    this.#total.deliveries += count;
  }

  /** @param failed whether the gateway is to blame, or may be: a backend is away */
  answered(failed: boolean): void {
    this.#total.commands += 1;
    if (failed) this.#total.errors += 1;
  }

  /**
   * A token was checked. Refusals count as errors while they outnumber the tokens that are accepted: a gateway with the wrong
   * secret refuses everybody, a client with a bad token is one client.
   */
  tokenChecked(valid: boolean): void {
    this.#total[valid ? 'accepted' : 'invalid'] += 1;
    if (!valid) this.#total.commands += 1;
  }

  /** A publish was acknowledged. */
  published(ms: number): void {
    this.#total.publishes += 1;
    this.#total.publishMs += ms;
  }

  /** A connection was refused that another gateway would have taken. */
  refused(): void {
    this.#total.refused += 1;
  }

  /** @param now milliseconds of a monotonic clock */
  tick(now: number): void {
    const { user, system } = process.cpuUsage();
    // The histogram measures the time between timers, so the interval itself has to go. Without one its mean is NaN.
    const lag = Math.max(0, (this.#delay.mean || 0) / 1e6 - RESOLUTION_MS);
    this.#delay.reset();
    this.#samples.push({ ...this.#total, at: now, cpuMs: (user + system) / 1000, lag });
    if (this.#samples.length > WINDOW_SAMPLES) this.#samples.shift();
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || first === last) return;
    const ms = last.at - first.at;
    const perSecond = (count: Counted) => ((last[count] - first[count]) / ms) * 1000;
    const publishes = last.publishes - first.publishes;
    const invalid = last.invalid - first.invalid;
    this.#rates = {
      deliveriesPerSecond: perSecond('deliveries'),
      commandsPerSecond: perSecond('commands'),
      errorsPerSecond: perSecond('errors') + (invalid > last.accepted - first.accepted ? perSecond('invalid') : 0),
      refusedPerSecond: perSecond('refused'),
      publishMs: publishes === 0 ? 0 : (last.publishMs - first.publishMs) / publishes,
      eventLoopLagMs: this.#samples.reduce((sum, sample) => sum + sample.lag, 0) / this.#samples.length,
      cpu: (last.cpuMs - first.cpuMs) / ms,
    };
  }

  stop(): void {
    this.#delay.disable();
  }
}

type Counted = 'deliveries' | 'commands' | 'errors' | 'refused' | 'accepted' | 'invalid';

interface Sample extends Readonly<Record<Counted, number>> {
  readonly at: number;
  readonly publishes: number;
  readonly publishMs: number;
  readonly cpuMs: number;
  readonly lag: number;
}

const RESOLUTION_MS = 10;
/** Five intervals of a second. */
const WINDOW_SAMPLES = 6;
