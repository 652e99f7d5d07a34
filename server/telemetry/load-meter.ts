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

/** Measures the rates of {@link GatewayLoad}. The caller calls {@link LoadMeter.tick} once a second. */
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

  /** Rates as of the last tick; 0 before the second tick. */
  get rates(): Rates {
    return this.#rates;
  }

  delivered(count: number): void {
    this.#total.deliveries += count;
  }

  /** Counts an answered command. @param failed true for an error that the gateway or a backend may have caused */
  answered(failed: boolean): void {
    this.#total.commands += 1;
    if (failed) this.#total.errors += 1;
  }

  /**
   * Counts a checked token. Refused tokens count as errors while they outnumber the accepted ones: then the gateway may have the
   * wrong secret, while single refusals are the fault of single clients.
   */
  tokenChecked(valid: boolean): void {
    this.#total[valid ? 'accepted' : 'invalid'] += 1;
    if (!valid) this.#total.commands += 1;
  }

  /** Counts an acknowledged publish. @param ms time from the command to the acknowledgement */
  published(ms: number): void {
    this.#total.publishes += 1;
    this.#total.publishMs += ms;
  }

  /** Counts a refused connection that another gateway would have accepted. */
  refused(): void {
    this.#total.refused += 1;
  }

  /** Computes {@link rates} anew. @param now milliseconds of a monotonic clock */
  tick(now: number): void {
    const { user, system } = process.cpuUsage();
    // The histogram measures the time between two timers: subtract the interval. Without samples its mean is NaN.
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

/** Interval of the timer that measures the lag of the event loop. */
const RESOLUTION_MS = 10;
/** Samples of five intervals of one second. */
const WINDOW_SAMPLES = 6;
