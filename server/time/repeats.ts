import type { Moment } from './clock.ts';

/** Time in which a repeated log line is left out: the first one is still on the screen of a reader. */
export const REPEAT_MS = 30_000;

/** Reasons that are remembered: clients may choose names of rooms that are in them. */
const MOST_REASONS = 1_000;

/** Keeps failures that repeat from filling the log: each reason is logged once, and again after {@link REPEAT_MS}. */
export class Repeats {
  readonly #now: () => Moment;
  /** Last log line of each reason, oldest first: those of the last {@link REPEAT_MS}, at most {@link MOST_REASONS}. */
  readonly #logged = new Map<string, { readonly at: Moment; unlogged: number }>();

  constructor(now: () => Moment) {
    this.#now = now;
  }

  /**
   * Decides on one log line.
   * @returns null to leave it out; else fields to add to it: `unlogged`, the number of lines that were left out since the last
   */
  news(reason: string): { readonly unlogged?: number } | null {
    const now = this.#now();
    const last = this.#logged.get(reason);
    if (last && now - last.at < REPEAT_MS) {
      last.unlogged += 1;
      return null;
    }
    for (const [old, { at }] of this.#logged) {
      if (now - at < REPEAT_MS && this.#logged.size < MOST_REASONS) break;
      this.#logged.delete(old);
    }
    this.#logged.set(reason, { at: now, unlogged: 0 });
    return last && last.unlogged > 0 ? { unlogged: last.unlogged } : {};
  }
}
