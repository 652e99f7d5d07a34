/** Time between the end of one look and the next. */
const EVERY_MS = 1_000;

/** Looks again and again whether a database answers: while it does not, or always. One look at a time. */
export class Pulse {
  readonly #look: () => Promise<boolean>;
  readonly #later: (run: () => void, ms: number) => () => void;
  #always = false;
  #looking = false;
  #stopped = false;
  #cancel: () => void = () => undefined;

  /**
   * @param look resolves to whether the database answers, and never rejects
   * @param later calls back after some milliseconds, unless what it returns is called
   */
  constructor(look: () => Promise<boolean>, later: (run: () => void, ms: number) => () => void) {
    this.#look = look;
    this.#later = later;
  }

  /** Does not end when the database answers. */
  always(): void {
    this.#always = true;
    this.now();
  }

  /** Looks at once. */
  now(): void {
    if (this.#looking || this.#stopped) return;
    this.#cancel();
    void this.#run();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  async #run(): Promise<void> {
    this.#looking = true;
    let answers = false;
    try {
      answers = await this.#look();
    } finally {
      this.#looking = false;
    }
    if (!this.#stopped && (this.#always || !answers)) this.#cancel = this.#later(() => this.now(), EVERY_MS);
  }
}
