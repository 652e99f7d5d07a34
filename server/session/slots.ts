/** Bounds how much work is under way at a time. The rest waits in the order it came. */
export class Slots {
  readonly #most: () => number;
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;

  /** @param most read at each use; a lower value ends nothing that is under way */
  constructor(most: () => number) {
    this.#most = most;
  }

  get underWay(): number {
    return this.#underWay;
  }
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Begins `work` when a slot is free. Resolves and rejects as `work` does. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#underWay >= this.#most()) await new Promise<void>(resolve => this.#waiting.push(resolve));
    else this.#underWay += 1;
    try {
      return await work();
    } finally {
      this.#underWay -= 1;
      while (this.#waiting.length > 0 && this.#underWay < this.#most()) {
        this.#underWay += 1;
        this.#waiting.shift()?.();
      }
    }
  }
}
