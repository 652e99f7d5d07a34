import type { Moment } from './clock.ts';

/** The same line within this time is left out: a person who reads the log has it on the screen. */
export const REPEAT_MS = 30_000;

/** Keeps what is tried again and again from filling the log: a reason is news, and news once more after {@link REPEAT_MS}. */
export class Repeats {
  readonly #now: () => Moment;
  /** By reason; those of the last {@link REPEAT_MS} and those with something left out. */
  readonly #told = new Map<string, { readonly at: Moment; unlogged: number }>();

  constructor(now: () => Moment) {
    this.#now = now;
  }

  /** @returns what belongs into the line besides the reason: how many lines were left out since; null to leave this one out */
  news(reason: string): { readonly unlogged?: number } | null {
    const now = this.#now();
    const last = this.#told.get(reason);
    if (last && now - last.at < REPEAT_MS) {
      last.unlogged += 1;
      return null;
    }
    for (const [old, { at }] of this.#told) if (now - at >= REPEAT_MS) this.#told.delete(old);
    this.#told.set(reason, { at: now, unlogged: 0 });
    return last && last.unlogged > 0 ? { unlogged: last.unlogged } : {};
  }
}
