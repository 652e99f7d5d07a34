/** A question that has not been answered. */
export interface Asked {
  readonly at: number;
  /** Ends the wait for an answer; null for a question whose end has to be waited for. */
  readonly giveUp: ((reason: string) => void) | null;
}

/** How long answers may stay out before the database counts as slow. */
const SLOW_MS = 300;

/**
 * Whether a database answers, from how the questions to it went. While it does not, questions are not asked and those that
 * wait are given up on. The clock, in milliseconds that never jump, is an argument.
 */
export class Reachability {
  readonly #waiting = new Set<Asked>();
  #away: string | null = null;
  #answeredAt = Number.NEGATIVE_INFINITY;

  /** Why the database is away, or null. */
  get away(): string | null {
    return this.#away;
  }

  /** True while it is known to be away, or has left a question unanswered for 300 ms and answered none since. */
  quiet(now: number): boolean {
    if (this.#away !== null) return true;
    const [oldest] = this.#waiting;
    return oldest !== undefined && now - Math.max(oldest.at, this.#answeredAt) > SLOW_MS;
  }

  asked(now: number, giveUp: Asked['giveUp']): Asked {
    const asked = { at: now, giveUp };
    this.#waiting.add(asked);
    return asked;
  }

  /** Any answer will do, a refusal too. */
  answered(asked: Asked, now: number): void {
    this.#waiting.delete(asked);
    this.#answeredAt = now;
    this.#away = null;
  }

  /** @returns false if there were answers since the question was asked, so that it tells nothing about now */
  failed(asked: Asked, reason: string): boolean {
    this.#waiting.delete(asked);
    if (asked.at < this.#answeredAt) return false;
    this.leaves(reason);
    return true;
  }

  leaves(reason: string): void {
    this.#away = reason;
    for (const { giveUp } of this.#waiting) giveUp?.(reason);
  }

  /** A new connection was made. */
  returns(now: number): void {
    this.#answeredAt = now;
    this.#away = null;
  }
}
