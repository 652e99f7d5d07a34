import type { Clock } from '../time/clock.ts';

/** Time between the end of one ping and the start of the next. */
const EVERY_MS = 1_000;

/** Pings a database at intervals, always or only until it answers. One ping at a time. */
export class Pulse {
  readonly #ping: () => Promise<boolean>;
  readonly #clock: Pick<Clock, 'after'>;
  #always = false;
  #pinging = false;
  #stopped = false;
  #cancel: () => void = () => undefined;

  /** @param ping resolves with true if the database answers, else with false; must not reject */
  constructor(ping: () => Promise<boolean>, clock: Pick<Clock, 'after'>) {
    this.#ping = ping;
    this.#clock = clock;
  }

  /** Starts pinging, and goes on while the database answers too. */
  always(): void {
    this.#always = true;
    this.now();
  }

  /** Pings at once, and again at intervals until the database answers. */
  now(): void {
    if (this.#pinging || this.#stopped) return;
    this.#cancel();
    void this.#run();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  async #run(): Promise<void> {
    this.#pinging = true;
    let answers = false;
    try {
      answers = await this.#ping();
    } finally {
      this.#pinging = false;
    }
    if (!this.#stopped && (this.#always || !answers)) this.#cancel = this.#clock.after(EVERY_MS, () => this.now());
  }
}
