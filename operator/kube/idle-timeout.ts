import type { Clock } from '../../server/time/clock.ts';

/** No bytes arrived for the allowed time. */
export class IdleTimeoutError extends Error {
  constructor(ms: number) {
    super(`no data for ${ms / 1_000} s`);
    this.name = 'IdleTimeoutError';
  }
}

/** Ends a request when no bytes arrive for some time, however long the whole request takes. */
export class IdleTimeout {
  readonly #clock: Clock;
  #ms: number;
  readonly #controller = new AbortController();
  /** Aborts with {@link IdleTimeoutError} after the silence, or when the given signal aborts. */
  readonly signal: AbortSignal;
  #cancel = () => {};

  /**
   * Starts to count at once.
   * @param ms longest allowed silence
   * @param signal ends the request in any case
   */
  constructor(clock: Clock, ms: number, signal: AbortSignal) {
    this.#clock = clock;
    this.#ms = ms;
    this.signal = AbortSignal.any([signal, this.#controller.signal]);
    this.reset();
  }

  /** Longest allowed silence, in milliseconds. */
  get ms(): number {
    return this.#ms;
  }

  /** True if the silence ended the request. */
  get isExpired(): boolean {
    return this.#controller.signal.aborted;
  }

  /** Starts to count anew, because bytes arrived. */
  reset(): void {
    this.#cancel();
    this.#cancel = this.#clock.after(this.#ms, () => this.#controller.abort(new IdleTimeoutError(this.#ms)));
  }

  /** Sets another longest silence and starts to count anew. */
  allow(ms: number): void {
    this.#ms = ms;
    this.reset();
  }

  /** Stops counting, because the request is over. Must be called, else a timer is left. */
  end(): void {
    this.#cancel();
  }
}
