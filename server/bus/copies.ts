import type { Moment } from '../time/clock.ts';

/** Copies of every message if NATS has enough servers: one of three servers may be lost with its disk. */
export const COPIES = 3;

/** Error codes of JetStream for a stream of several replicas that do not apply to a single replica, with their reasons. */
const TOO_FEW_SERVERS: Readonly<Record<number, string>> = {
  10074: 'NATS is a single server',
  10005: 'NATS has fewer than three servers with JetStream and free space',
};

/**
 * Time between two attempts to add copies, and before the first one. During a rollout workers of earlier releases, which set one
 * replica, run for some more seconds and would undo it.
 */
const TRY_MS = 60_000;

/**
 * Decides on the number of copies of a stream: the option's, else three if NATS has the
 * servers, and never fewer than there are.
 */
export class Copies {
  readonly #set: number;
  readonly #now: () => Moment;
  readonly #changed: (reason: string) => void;
  readonly #triedAt = new Map<number, Moment>();
  #refusedAt = Number.NEGATIVE_INFINITY;
  readonly #began: Moment;
  #reason: string | undefined;

  /**
   * @param set option `streamReplicas`; 0 lets this class decide
   * @param changed called with the reason why NATS has no more copies, each time it is another one; never with an empty text
   */
  constructor(set: number, now: () => Moment, changed: (reason: string) => void) {
    this.#set = set;
    this.#now = now;
    this.#changed = changed;
    this.#began = now();
    this.#reason = set === 0 ? undefined : '';
  }

  /** True if the option sets the number. */
  get isSet(): boolean {
    return this.#set > 0;
  }

  /** Reason why there are not more copies; empty if the option sets the number, undefined until more have been tried. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** Copies for a new stream. */
  forNew(): number {
    if (this.isSet) return this.#set;
    return this.#now() - this.#refusedAt < TRY_MS ? 1 : COPIES;
  }

  /** Copies for a stream. @param actual its replicas now; undefined if it is missing */
  forStream(actual: number | undefined): number {
    return this.isSet ? this.#set : (actual ?? this.forNew());
  }

  /** True if it is time to try more copies for a partition's streams. After true it stays false for {@link TRY_MS}. */
  isDue(partition: number): boolean {
    const last = Math.max(this.#began, this.#refusedAt, this.#triedAt.get(partition) ?? Number.NEGATIVE_INFINITY);
    if (this.isSet || this.#now() - last < TRY_MS) return false;
    this.#triedAt.set(partition, this.#now());
    return true;
  }

  /** Records an error of an attempt to add copies; the next one waits for {@link TRY_MS}. */
  failed(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const cause = TOO_FEW_SERVERS[codeOf(error)];
    const reason = cause === undefined ? `more copies were refused: ${message}` : `${cause} (${message})`;
    this.#refusedAt = this.#now();
    if (reason !== this.#reason) this.#changed(reason);
    this.#reason = reason;
  }

  /** Calls `create` with the wanted number of replicas, and with 1 if NATS has too few servers and no option sets the number. */
  async make<T>(replicas: number, create: (replicas: number) => Promise<T>): Promise<T> {
    try {
      return await create(replicas);
    } catch (error) {
      if (this.isSet || replicas === 1 || TOO_FEW_SERVERS[codeOf(error)] === undefined) throw error;
      const one = await create(1);
      this.failed(error);
      return one;
    }
  }
}

const codeOf = (error: unknown): number => Number((error as { readonly code?: unknown } | null)?.code);
