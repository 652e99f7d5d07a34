import type { Clock } from '../../server/time/clock.ts';

/** Nothing came for too long. */
export class IdleTimeoutError extends Error {
  constructor(ms: number) {
    super(`nothing came for ${ms / 1_000} s`);
    this.name = 'IdleTimeoutError';
  }
}

/** Ends a request that falls silent, not one that takes long. */
export class IdleTimeout {
  readonly #clock: Clock;
  #ms: number;
  readonly #controller = new AbortController();
  /** Aborts with {@link IdleTimeoutError}, or with the given signal. */
  readonly signal: AbortSignal;
  #cancel = () => {};

  /** @param ms how long a silence may be, from now on @param signal ends the request in any case */
  constructor(clock: Clock, ms: number, signal: AbortSignal) {
    this.#clock = clock;
    this.#ms = ms;
    this.signal = AbortSignal.any([signal, this.#controller.signal]);
    this.reset();
  }

  /** How long a silence may be. */
  get ms(): number {
    return this.#ms;
  }

  /** Whether this is what ended it. */
  get isExpired(): boolean {
    return this.#controller.signal.aborted;
  }

  /** Something came. */
  reset(): void {
    this.#cancel();
    this.#cancel = this.#clock.after(this.#ms, () => this.#controller.abort(new IdleTimeoutError(this.#ms)));
  }

  /** From now on a silence may be this long. */
  allow(ms: number): void {
    this.#ms = ms;
    this.reset();
  }

  /** The request is over. */
  end(): void {
    this.#cancel();
  }
}
