import { type Clock, type Moment, momentAfter } from '../server/time/clock.ts';

/** Time between two refreshes, in ms. */
const EVERY_MS = 1_000;

/** Hints of the server that rooms have new messages: at most one refresh a second, however many come. */
export class Bumps {
  readonly #clock: Pick<Clock, 'now' | 'after'>;
  readonly #refresh: () => void;
  #isDue = false;
  #nextAt: Moment | null = null;

  constructor(clock: Pick<Clock, 'now' | 'after'>, refresh: () => void) {
    this.#clock = clock;
    this.#refresh = refresh;
  }

  /** Takes an event of the server, if it is a hint. */
  heard(data: unknown): void {
    const { type } = (data ?? {}) as { readonly type?: unknown };
    if (type !== 'bump' || this.#isDue) return;
    this.#isDue = true;
    const now = this.#clock.now();
    this.#clock.after(Math.max((this.#nextAt ?? now) - now, 0), () => {
      this.#isDue = false;
      this.#nextAt = momentAfter(this.#clock.now(), EVERY_MS);
      this.#refresh();
    });
  }
}
