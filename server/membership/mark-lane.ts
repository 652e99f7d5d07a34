import { hasMark, type Mark, mergedMarks } from '../fold/mark.ts';
import { PublishFailed } from '../room/log.ts';
import type { Clock, Moment } from '../time/clock.ts';
import type { MarkKey, MarkStore, StoredMark } from './mark-store.ts';

export interface MarkLaneOptions extends Pick<Clock, 'now' | 'after'> {
  readonly store: MarkStore;
  /** Called with marks that were raised, once they are stored. Must not throw. */
  readonly raised: (key: MarkKey, mark: Mark) => void;
}

/** Time between two writes of a user's marks in a room: reading on costs one write a second. */
const INTERVAL_MS = 1_000;
/** Attempts to write beside others: devices of the same user on other gateways. */
const ATTEMPTS = 8;

/** Writes of the marks of one user in one room: one a second, each with all marks that were given until then. */
export class MarkLane {
  readonly #key: MarkKey;
  readonly #options: MarkLaneOptions;
  #stored: StoredMark;
  #writtenAt: Moment | null = null;
  /** Marks of the next write; `before` resolves, once they are stored, with those that were stored before. */
  #next: { mark: Mark; readonly before: PromiseWithResolvers<Mark> } | null = null;
  #busy = false;

  /** @param stored marks as they were read; revision 0 for none */
  constructor(key: MarkKey, stored: StoredMark, options: MarkLaneOptions) {
    this.#key = key;
    this.#stored = stored;
    this.#options = options;
  }

  /** Highest marks that are known to be stored. */
  get mark(): Mark {
    return this.#stored;
  }

  /**
   * Resolves once these marks, or higher ones, are stored: at once, or within some seconds.
   * @returns false if these, or higher ones, were stored before
   * @throws {PublishFailed} {@link ReadFailed} if NATS does not answer: they may be stored
   */
  async raise(mark: Mark): Promise<boolean> {
    if (hasMark(this.#stored, mark)) return false;
    this.#next ??= { mark, before: Promise.withResolvers() };
    this.#next.mark = mergedMarks(this.#next.mark, mark);
    const { promise } = this.#next.before;
    this.#start();
    return !hasMark(await promise, mark);
  }

  #start(): void {
    if (this.#busy || !this.#next) return;
    this.#busy = true;
    const { now, after } = this.#options;
    const wait = this.#writtenAt === null ? 0 : this.#writtenAt + INTERVAL_MS - now();
    if (wait > 0) after(wait, () => void this.#flush());
    else void this.#flush();
  }

  async #flush(): Promise<void> {
    const next = this.#next;
    this.#next = null;
    if (next) {
      this.#writtenAt = this.#options.now();
      await this.#write(next.mark).then(next.before.resolve, next.before.reject);
    }
    this.#busy = false;
    this.#start();
  }

  /** @returns marks that were stored before */
  async #write(mark: Mark): Promise<Mark> {
    const { store, raised } = this.#options;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const before = this.#stored;
      if (hasMark(before, mark)) return before; // another device was faster
      const merged = mergedMarks(before, mark);
      const revision = await store.write(this.#key, merged, before.revision);
      if (revision !== null) {
        this.#stored = { ...merged, revision };
        raised(this.#key, merged);
        return before;
      }
      const [found] = await store.read([this.#key]);
      // Without a value the oldest were removed from the stream meanwhile: what is known here still counts.
      this.#stored = { ...mergedMarks(this.#stored, found ?? this.#stored), revision: found?.revision ?? 0 };
    }
    throw new PublishFailed('the marks of the user change faster than they can be written');
  }
}
