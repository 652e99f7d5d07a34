import { StoreUnavailable } from '../room/history-store.ts';
import { Pulse } from './pulse.ts';
import { Reachability } from './reachability.ts';

export interface CircuitOptions {
  /** The cheapest question there is. */
  readonly ping: () => Promise<void>;
  /** True if an error says that nothing was heard of the database. */
  readonly unreachable: (error: unknown) => boolean;
  /** For people. */
  readonly reasonOf: (error: unknown) => string;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** Calls back after some milliseconds, unless what it returns is called. */
  readonly later: (run: () => void, ms: number) => () => void;
}

/** How long a ping of the pulse may take. Clients give up on an answer after 5 s. */
const PING_MS = 2_000;

/**
 * Stands before a database. Once that was not to be reached, questions are refused at once with the reason known, until a
 * ping a second finds it again: else each would pay the driver's bounds anew, and those that wait for each other add up.
 */
export class Circuit {
  readonly #options: CircuitOptions;
  readonly #reachability = new Reachability();
  readonly #pulse: Pulse;
  #changed: (away: string | null) => void = () => undefined;

  constructor(options: CircuitOptions) {
    this.#options = options;
    this.#pulse = new Pulse(() => this.#look(), options.later);
  }

  /**
   * Pings once a second from now on, so that an outage is known before anybody asks.
   * @param changed called with the reason when the database is away, and with null when it is back
   */
  watch(changed: (away: string | null) => void): void {
    this.#changed = changed;
    this.#pulse.always();
  }

  /** True while the database is known to be away, or has been silent for 300 ms. */
  quiet(): boolean {
    return this.#reachability.quiet(this.#options.now());
  }

  /** Runs `work` to its end, unless the database is known to be away. Rejects with {@link StoreUnavailable}. */
  async ask<T>(work: () => Promise<T>): Promise<T> {
    this.#refuseWhileAway();
    return await this.#run(work, null);
  }

  /** The same for what only reads: it is given up on as soon as the database is known to be away. */
  look<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#refuseWhileAway();
      this.#run(work, reason => reject(new StoreUnavailable(reason))).then(resolve, reject);
    });
  }

  /** Asks also while the database is known to be away. */
  ping(): Promise<void> {
    return this.#run(this.#options.ping, null);
  }

  /** What was known was of another connection. */
  reconnected(): void {
    this.#learn(() => this.#reachability.returns(this.#options.now()));
  }

  stop(): void {
    this.#pulse.stop();
  }

  #refuseWhileAway(): void {
    const { away } = this.#reachability;
    if (away !== null) throw new StoreUnavailable(away);
  }

  async #run<T>(work: () => Promise<T>, giveUp: ((reason: string) => void) | null): Promise<T> {
    const { now, unreachable, reasonOf } = this.#options;
    const asked = this.#reachability.asked(now(), giveUp);
    try {
      const found = await work();
      this.#learn(() => this.#reachability.answered(asked, now()));
      return found;
    } catch (error) {
      const reason = reasonOf(error);
      this.#learn(() => {
        if (!unreachable(error)) this.#reachability.answered(asked, now());
        else if (this.#reachability.failed(asked, reason)) this.#pulse.now();
      });
      throw error instanceof StoreUnavailable ? error : new StoreUnavailable(reason, error);
    }
  }

  /** A ping that ends late still counts. */
  #look(): Promise<boolean> {
    return new Promise(resolve => {
      const cancel = this.#options.later(() => {
        this.#learn(() => this.#reachability.leaves(`MongoDB did not answer a ping within ${PING_MS / 1_000} s`));
        resolve(false);
      }, PING_MS);
      const ended = (answers: boolean) => {
        cancel();
        resolve(answers);
      };
      this.ping().then(
        () => ended(true),
        () => ended(false),
      );
    });
  }

  /** Tells of a change, if there was one. */
  #learn(change: () => void): void {
    const before = this.#reachability.away;
    change();
    const { away } = this.#reachability;
    if ((before === null) !== (away === null)) this.#changed(away);
  }
}
