import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Rates over the last few seconds, for the load endpoint. Call {@link LoadMeter.tick} once a second. */
export class LoadMeter {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #samples: Sample[] = [];
  #deliveries = 0;
  /** Mean delay of the event loop, milliseconds. */
  eventLoopLagMs = 0;
  deliveriesPerSecond = 0;
  /** Share of one core, 1 = busy. */
  cpu = 0;

  constructor() {
    this.#delay.enable();
  }

  delivered(count: number): void {
    this.#deliveries += count;
  }

  /** @param now milliseconds of a monotonic clock */
  tick(now: number): void {
    const { user, system } = process.cpuUsage();
    // The histogram measures the time between timers, so the interval itself has to go. Without one its mean is NaN.
    const lag = Math.max(0, (this.#delay.mean || 0) / 1e6 - RESOLUTION_MS);
    this.#delay.reset();
    this.#samples.push({ at: now, deliveries: this.#deliveries, cpuMs: (user + system) / 1000, lag });
    if (this.#samples.length > WINDOW_SAMPLES) this.#samples.shift();
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || first === last) return;
    const ms = last.at - first.at;
    this.deliveriesPerSecond = ((last.deliveries - first.deliveries) / ms) * 1000;
    this.cpu = (last.cpuMs - first.cpuMs) / ms;
    this.eventLoopLagMs = this.#samples.reduce((sum, sample) => sum + sample.lag, 0) / this.#samples.length;
  }

  stop(): void {
    this.#delay.disable();
  }
}

interface Sample {
  readonly at: number;
  readonly deliveries: number;
  readonly cpuMs: number;
  readonly lag: number;
}

const RESOLUTION_MS = 10;
/** Five intervals of a second. */
const WINDOW_SAMPLES = 6;
