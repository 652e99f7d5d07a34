import type { Clock } from '../../operator/clock.ts';

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** Time that passes only when the test says so. */
export class SimulatedClock implements Clock {
  #now = 0;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }
  date(): Date {
    return new Date(Date.UTC(2026, 0, 1) + this.#now);
  }
  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + ms, run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Lets `ms` pass without anything having its turn, as on a machine that is too busy. */
  stall(ms: number): void {
    this.#now += ms;
  }

  /** Lets `ms` pass: timers run in their order, and what they started gets its turn between them. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const [next] = [...this.#timers].filter(timer => timer.at <= end).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
      await settle();
    }
    this.#now = end;
  }
}

/** Lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise(resolve => setImmediate(resolve));
}
