import { seeded } from '../../../tools/support/random.ts';

/** Delays and choices of one simulated cluster, the same for the same seed. */
export class Chance {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = seeded(seed);
  }

  /** A number in [from, to), such as a delay. */
  between(from: number, to: number): number {
    return from + (to - from) * this.#next();
  }

  /** A whole number in [from, to]. */
  integer(from: number, to: number): number {
    return from + Math.floor(this.#next() * (to - from + 1));
  }

  yes(probability: number): boolean {
    return this.#next() < probability;
  }

  /** One of them; undefined of none. */
  pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.#next() * items.length)];
  }
}
