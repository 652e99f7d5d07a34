/** A number of slots that many take turns at, each with no more than its share. */
export class FairSlots {
  readonly #total: number;
  readonly #each: number;
  #taken = 0;
  readonly #takenBy = new Map<string, number>();
  /** Who waits, by key, in the order of the turns. */
  readonly #waiting = new Map<string, (() => void)[]>();

  /** @param total slots @param each most that one key has at the same time */
  constructor(total: number, each: number) {
    this.#total = total;
    this.#each = each;
  }

  /** Resolves with a slot in hand. Keys take turns, one slot a turn, however many each waits for. */
  async acquire(key: string): Promise<void> {
    if (!this.#waiting.has(key) && this.tryAcquire(key)) return;
    await new Promise<void>(resolve => {
      const waiting = this.#waiting.get(key);
      if (waiting) waiting.push(resolve);
      else this.#waiting.set(key, [resolve]);
    });
  }

  /** @returns whether a slot was free */
  tryAcquire(key: string): boolean {
    const taken = this.#takenBy.get(key) ?? 0;
    if (this.#taken >= this.#total || taken >= this.#each) return false;
    this.#taken++;
    this.#takenBy.set(key, taken + 1);
    return true;
  }

  release(key: string): void {
    const taken = (this.#takenBy.get(key) ?? 0) - 1;
    this.#taken--;
    if (taken > 0) this.#takenBy.set(key, taken);
    else this.#takenBy.delete(key);
    this.#grant();
  }

  #grant(): void {
    for (const [key, waiting] of this.#waiting) {
      if (this.#taken >= this.#total) return;
      if (!this.tryAcquire(key)) continue;
      const [next, ...others] = waiting;
      // To the end of the order.
      this.#waiting.delete(key);
      if (others.length > 0) this.#waiting.set(key, others);
      next?.();
    }
  }
}
