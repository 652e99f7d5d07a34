/** Slots shared fairly between keys: a key has at most its share, and waiting keys get slots round robin. */
export class FairSlots {
  readonly #total: number;
  readonly #each: number;
  #taken = 0;
  readonly #takenBy = new Map<string, number>();
  /** Waiting callers by key, in the order in which keys get the next slot. */
  readonly #waiting = new Map<string, (() => void)[]>();

  /** @param total slots @param each most slots one key has at the same time */
  constructor(total: number, each: number) {
    this.#total = total;
    this.#each = each;
  }

  /**
   * Waits for a slot. Keys get slots round robin, one each, however many callers of a key wait. The caller must {@link
   * release} it.
   */
  async acquire(key: string): Promise<void> {
    if (!this.#waiting.has(key) && this.tryAcquire(key)) return;
    await new Promise<void>(resolve => {
      const waiting = this.#waiting.get(key);
      if (waiting) waiting.push(resolve);
      else this.#waiting.set(key, [resolve]);
    });
  }

  /** Takes a slot without waiting. @returns false if none is free; else the caller must {@link release} it */
  tryAcquire(key: string): boolean {
    const taken = this.#takenBy.get(key) ?? 0;
    if (this.#taken >= this.#total || taken >= this.#each) return false;
    this.#taken++;
    this.#takenBy.set(key, taken + 1);
    return true;
  }

  /** Gives a slot back, and hands it to a waiting caller. */
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
      // The key goes to the end of the order.
      this.#waiting.delete(key);
      if (others.length > 0) this.#waiting.set(key, others);
      next?.();
    }
  }
}
