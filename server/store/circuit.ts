import { StoreUnavailable } from '../room/history-store.ts';
import type { Clock } from '../time/clock.ts';
import { Pulse } from './pulse.ts';
import { Reachability } from './reachability.ts';

/** Called with the reason when the database becomes unreachable, and with null when it answers again. */
export type OutageListener = (reason: string | null) => void;

export interface CircuitOptions {
  /** Cheapest operation of the database. */
  readonly ping: () => Promise<void>;
  /** True if an error means that the database did not answer; false if the error is its answer. */
  readonly unreachable: (error: unknown) => boolean;
  /** Text of an error that is safe to log. */
  readonly reasonOf: (error: unknown) => string;
  readonly clock: Pick<Clock, 'now' | 'after'>;
}

/** Longest a ping of the pulse may take. Below the 5 s after which clients give up on an answer. */
const PING_MS = 2_000;

/**
 * Circuit breaker of a database. Once the database is unreachable, operations are refused at once with the known reason, until
 * one of the pings, one a second, is answered. Otherwise each operation would wait for the driver's time-outs, and the times of
 * operations that wait for each other would add up.
 */
export class Circuit {
  readonly #options: CircuitOptions;
  readonly #reachability = new Reachability();
  readonly #pulse: Pulse;
  #listener: OutageListener = () => undefined;

  constructor(options: CircuitOptions) {
    this.#options = options;
    this.#pulse = new Pulse(() => this.#timedPing(), options.clock);
  }

  /**
   * Pings once a second from now on, so that an outage is known before an operation meets it.
   * One listener; the last one wins.
   */
  watch(listener: OutageListener): void {
    this.#listener = listener;
    this.#pulse.always();
  }

  /** True if the database is unreachable, or has answered nothing for 300 ms although an operation is pending. */
  quiet(): boolean {
    return this.#reachability.quiet(this.#options.clock.now());
  }

  /**
   * Runs `work` to its end, also when the database becomes unreachable meanwhile: the write may have been made.
   * @throws {StoreUnavailable} for every failure of `work`, and at once while the database is unreachable
   */
  async write<T>(work: () => Promise<T>): Promise<T> {
    this.#refuseInOutage();
    return await this.#run(work, null);
  }

  /**
   * Runs `work`, but rejects as soon as the database is known to be unreachable: nothing is lost with a read.
   * @throws {StoreUnavailable} as {@link write}
   */
  read<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#refuseInOutage();
      this.#run(work, reason => reject(new StoreUnavailable(reason))).then(resolve, reject);
    });
  }

  /** Pings also while the database is unreachable. @throws {StoreUnavailable} */
  ping(): Promise<void> {
    return this.#run(this.#options.ping, null);
  }

  /** Closes the circuit: what was known belongs to an earlier connection. */
  reconnected(): void {
    this.#learn(() => this.#reachability.connected(this.#options.clock.now()));
  }

  /** Stops the pings; operations still run. */
  stop(): void {
    this.#pulse.stop();
  }

  #refuseInOutage(): void {
    const { outage } = this.#reachability;
    if (outage !== null) throw new StoreUnavailable(outage);
  }

  async #run<T>(work: () => Promise<T>, giveUp: ((reason: string) => void) | null): Promise<T> {
    const { clock, unreachable, reasonOf } = this.#options;
    const operation = this.#reachability.started(clock.now(), giveUp);
    try {
      const found = await work();
      this.#learn(() => this.#reachability.answered(operation, clock.now()));
      return found;
    } catch (error) {
      const reason = reasonOf(error);
      this.#learn(() => {
        if (!unreachable(error)) this.#reachability.answered(operation, clock.now());
        else if (this.#reachability.failed(operation, reason)) this.#pulse.now();
      });
      throw error instanceof StoreUnavailable ? error : new StoreUnavailable(reason, error);
    }
  }

  /** Resolves with false after {@link PING_MS}. An answer after that still closes the circuit. */
  #timedPing(): Promise<boolean> {
    return new Promise(resolve => {
      const cancel = this.#options.clock.after(PING_MS, () => {
        this.#learn(() => this.#reachability.lost(`MongoDB did not answer a ping within ${PING_MS / 1_000} s`));
        resolve(false);
      });
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

  /** Calls the listener if `change` begins or ends an outage. */
  #learn(change: () => void): void {
    const before = this.#reachability.outage;
    change();
    const { outage } = this.#reachability;
    if ((before === null) !== (outage === null)) this.#listener(outage);
  }
}
