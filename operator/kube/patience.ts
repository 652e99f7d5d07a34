import type { Clock } from '../../server/time/clock.ts';

/** Nothing came for too long. */
export class Silence extends Error {
  constructor(ms: number) {
    super(`nothing came for ${ms / 1_000} s`);
    this.name = 'Silence';
  }
}

/** Ends a request that falls silent, not one that takes long. */
export class Patience {
  readonly #clock: Clock;
  #ms: number;
  readonly #silence = new AbortController();
  /** Aborts with {@link Silence}, or with the given signal. */
  readonly signal: AbortSignal;
  #cancel = () => {};

  /** @param ms how long a silence may be, from now on @param signal ends the request in any case */
  constructor(clock: Clock, ms: number, signal: AbortSignal) {
    this.#clock = clock;
    this.#ms = ms;
    this.signal = AbortSignal.any([signal, this.#silence.signal]);
    this.heard();
  }

  /** How long a silence may be. */
  get ms(): number {
    return this.#ms;
  }

  /** Whether this is what ended it. */
  get isOver(): boolean {
    return this.#silence.signal.aborted;
  }

  /** Something came. */
  heard(): void {
    this.#cancel();
    this.#cancel = this.#clock.after(this.#ms, () => this.#silence.abort(new Silence(this.#ms)));
  }

  /** From now on a silence may be this long. */
  allow(ms: number): void {
    this.#ms = ms;
    this.heard();
  }

  /** The request is over. */
  end(): void {
    this.#cancel();
  }
}
