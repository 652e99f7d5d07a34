import type { Moment } from '../time/clock.ts';

/** Copies of every message where NATS has the servers for them: one of three may be lost with its disk. */
export const COPIES = 3;

/** Answers of JetStream to a stream of several replicas that one of a single replica may not get. */
const TOO_FEW_SERVERS: Readonly<Record<number, string>> = {
  10074: 'NATS is a single server',
  10005: 'NATS does not find three servers with JetStream and room',
};

/**
 * Between two tries, and before the first one on a stream that is there: in a rollout workers that want one replica, as those
 * of earlier releases do, go on for some seconds and would take it back.
 */
const TRY_MS = 60_000;

/** How many servers are to keep a stream. Where no option says it, three if NATS can, and never fewer than there are. */
export class Copies {
  readonly #set: number;
  readonly #now: () => Moment;
  readonly #changed: (reason: string) => void;
  readonly #triedAt = new Map<number, Moment>();
  #refusedAt = Number.NEGATIVE_INFINITY;
  readonly #began: Moment;
  #reason: string | undefined;

  /**
   * @param set `streamReplicas`; 0 where it is not set
   * @param changed told why NATS has no more copies, when that is news; never with an empty reason
   */
  constructor(set: number, now: () => Moment, changed: (reason: string) => void) {
    this.#set = set;
    this.#now = now;
    this.#changed = changed;
    this.#began = now();
    this.#reason = set === 0 ? undefined : '';
  }

  get isSet(): boolean {
    return this.#set > 0;
  }

  /** Why there are no more; empty where an option says how many, undefined while NATS has not been asked for more. */
  get reason(): string | undefined {
    return this.#reason;
  }

  forNew(): number {
    if (this.isSet) return this.#set;
    return this.#now() - this.#refusedAt < TRY_MS ? 1 : COPIES;
  }

  /** @param held replicas of the stream; undefined for one that is missing */
  forStream(held: number | undefined): number {
    return this.isSet ? this.#set : (held ?? this.forNew());
  }

  /** True if it is time to ask for more copies of a partition's streams; not again for a while then. */
  isDue(partition: number): boolean {
    const last = Math.max(this.#began, this.#refusedAt, this.#triedAt.get(partition) ?? Number.NEGATIVE_INFINITY);
    if (this.isSet || this.#now() - last < TRY_MS) return false;
    this.#triedAt.set(partition, this.#now());
    return true;
  }

  /** What kept streams from getting more copies: they stay as they are for a while. */
  failed(error: unknown): void {
    const said = error instanceof Error ? error.message : String(error);
    const cause = TOO_FEW_SERVERS[codeOf(error)];
    const reason = cause === undefined ? `NATS was asked for more: ${said}` : `${cause} (${said})`;
    this.#refusedAt = this.#now();
    if (reason !== this.#reason) this.#changed(reason);
    this.#reason = reason;
  }

  /** Makes something with as many replicas as there are to be, and with one where NATS has too few servers. */
  async make<T>(replicas: number, made: (replicas: number) => Promise<T>): Promise<T> {
    try {
      return await made(replicas);
    } catch (error) {
      if (this.isSet || replicas === 1 || TOO_FEW_SERVERS[codeOf(error)] === undefined) throw error;
      const one = await made(1);
      this.failed(error);
      return one;
    }
  }
}

const codeOf = (error: unknown): number => Number((error as { readonly code?: unknown } | null)?.code);
