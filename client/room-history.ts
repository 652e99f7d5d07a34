import type { ReplyTo } from '../server/fold/entry.ts';
import { unchanged } from '../server/fold/room-fold.ts';
import { backoffMs } from '../server/time/backoff.ts';
import type { Clock } from '../server/time/clock.ts';
import { type CallError, callErrorOf } from './call-error.ts';
import { entryOf } from './message.ts';
import { RETRY } from './retry.ts';
import { Timeline } from './timeline.ts';
import type { HistoryPage, HistoryRequest, Position, RoomLink } from './transport.ts';

const PAGE = 50;
const GAP_PAGE = 100;
/** Most pages of missed messages that are read. After more, the room begins anew with its newest page. */
const GAP_PAGES = 10;
const UNRECOVERABLE_POSITION = 112;

export interface HistoryState {
  /** True once the newest page is here. */
  readonly loaded: boolean;
  /** True while an older page is being read. */
  readonly loading: boolean;
  /** Error of the last read of an older page; null if it succeeded. */
  readonly error: CallError | null;
  /** True if there is no older message. */
  readonly complete: boolean;
}

const EMPTY: HistoryState = { loaded: false, loading: false, error: null, complete: false };

export interface RoomHistoryOptions {
  readonly clock: Clock;
  /** Random number from 0 up to, not including, 1. */
  readonly random: () => number;
  /** Called when the messages or the state have changed. */
  readonly onChange: () => void;
}

/** Keeps a room's timeline without gaps: reads the newest page, older ones on demand, and what a reconnect did not recover. */
export class RoomHistory {
  readonly timeline = new Timeline();
  readonly #options: RoomHistoryOptions;
  #link: RoomLink | null = null;
  #epoch = '';
  #state = EMPTY;
  /** Number of the subscription. Reads that began under an earlier one are ignored. */
  #generation = 0;
  #cancelRetry: (() => void) | null = null;

  constructor(options: RoomHistoryOptions) {
    this.#options = options;
  }

  get state(): HistoryState {
    return this.#state;
  }

  /** Handles a new subscription, see {@link RoomHandlers.subscribed}. */
  subscribed(link: RoomLink, position: Position, recovered: boolean): void {
    this.interrupted();
    this.#link = link;
    this.#epoch = position.epoch;
    if (this.#state.loaded && !recovered) {
      // Lower offsets than before belong to another stream: known messages cannot be ordered against it.
      if (position.offset < this.timeline.position) this.#startOver();
      else this.timeline.openGap();
    }
    this.#catchUp(1);
  }

  /** Handles the loss of the subscription. */
  interrupted(): void {
    this.#generation += 1;
    this.#link = null;
    this.#cancelRetry?.();
    this.#cancelRetry = null;
    this.#set({ loading: false, error: null });
  }

  /** Reads the page before the oldest known message, or the newest if that failed. Does nothing while offline or reading. */
  async loadOlder(): Promise<void> {
    const { floor } = this.timeline;
    if (!this.#link || this.#state.loading || this.#state.complete) return;
    if (floor === null) {
      if (this.#state.error) this.#retryNow();
      return;
    }
    const generation = this.#generation;
    this.#set({ loading: true, error: null });
    try {
      const page = await this.#read({ limit: PAGE, reverse: true, since: { offset: floor, epoch: this.#epoch } });
      if (generation !== this.#generation) return;
      this.#set({ loading: false, complete: this.#addOlder(page) });
    } catch (thrown) {
      if (generation === this.#generation) this.#set({ loading: false, error: callErrorOf(thrown) });
    }
  }

  /** Reads messages that replies name, after which the timeline finds those that the room has. @throws {CallError} */
  async readSingle(replyTos: readonly ReplyTo[]): Promise<void> {
    const generation = this.#generation;
    for (const { offset } of replyTos) {
      const since = { offset: offset + 1, epoch: this.#epoch };
      const { publications } = await this.#read({ limit: 1, reverse: true, since });
      if (generation !== this.#generation) return;
      for (const entry of publications.map(entryOf))
        if (entry?.type === 'message') this.timeline.addSingle(unchanged(entry), entry.offset);
    }
  }

  #retryNow(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = null;
    this.#set({ error: null });
    this.#catchUp(1);
  }

  #catchUp(attempt: number): void {
    const generation = this.#generation;
    const work = this.#state.loaded ? this.#fillGap(generation) : this.#loadNewest(generation);
    work.catch(thrown => {
      if (generation !== this.#generation) return;
      const error = callErrorOf(thrown);
      this.#set({ error });
      if (!error.temporary) return;
      const { clock, random } = this.#options;
      this.#cancelRetry = clock.after(backoffMs(RETRY, attempt, random()), () => this.#catchUp(attempt + 1));
    });
  }

  async #loadNewest(generation: number): Promise<void> {
    const page = await this.#read({ limit: PAGE, reverse: true });
    if (generation !== this.#generation) return;
    this.#set({ loaded: true, error: null, complete: this.#addOlder(page) });
  }

  /** Adds the page below the known messages. @returns true if there is none further below */
  #addOlder({ publications }: HistoryPage): boolean {
    this.timeline.addPage(publications);
    if (publications.length > 0) return false;
    this.timeline.end();
    return true;
  }

  async #fillGap(generation: number): Promise<void> {
    for (let pages = 0; this.timeline.gap !== null; pages++) {
      if (pages === GAP_PAGES) {
        this.#startOver();
        return this.#loadNewest(generation);
      }
      const since = { offset: this.timeline.gap, epoch: this.#epoch };
      const { publications } = await this.#read({ limit: GAP_PAGE, since });
      if (generation !== this.#generation) return;
      this.timeline.addPage(publications);
      this.timeline.fillGap(publications.at(-1)?.offset);
      this.#set({ error: null });
    }
  }

  /** Reads a page. If the stream has a new epoch since the subscription, reads it again under that one. */
  async #read(request: HistoryRequest): Promise<HistoryPage> {
    const link = this.#link;
    if (!link) throw callErrorOf(new Error('not subscribed'));
    try {
      return await link.history(request);
    } catch (thrown) {
      if (callErrorOf(thrown).code !== UNRECOVERABLE_POSITION || !request.since) throw thrown;
      this.#epoch = (await link.history({ limit: 0 })).top.epoch;
      return await link.history({ ...request, since: { ...request.since, epoch: this.#epoch } });
    }
  }

  #startOver(): void {
    this.timeline.reset();
    this.#set(EMPTY);
  }

  #set(change: Partial<HistoryState>): void {
    this.#state = { ...this.#state, ...change };
    this.#options.onChange();
  }
}
