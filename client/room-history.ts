import { backoffMs } from '../server/time/backoff.ts';
import type { Clock } from '../server/time/clock.ts';
import { type CallError, callErrorOf } from './call-error.ts';
import { RETRY } from './retry.ts';
import { Timeline } from './timeline.ts';
import type { HistoryPage, HistoryRequest, Position, RoomLink } from './transport.ts';

const PAGE = 50;
const GAP_PAGE = 100;
/** A longer absence starts over with the newest page; what lies between comes back by scrolling up. */
const GAP_PAGES = 10;
const UNRECOVERABLE_POSITION = 112;

export interface HistoryState {
  /** The newest page is here. */
  readonly loaded: boolean;
  /** An older page is being read. */
  readonly loading: boolean;
  /** Why the last older page did not come; null if it did. */
  readonly error: CallError | null;
  /** There is nothing older. */
  readonly complete: boolean;
}

const EMPTY: HistoryState = { loaded: false, loading: false, error: null, complete: false };

export interface RoomHistoryOptions {
  readonly clock: Clock;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  /** The messages or the state changed. */
  readonly onChange: () => void;
}

/** Keeps a room's timeline whole: the newest page at first, older ones on demand, and whatever a reconnect left out. */
export class RoomHistory {
  readonly timeline = new Timeline();
  readonly #options: RoomHistoryOptions;
  #link: RoomLink | null = null;
  #epoch = '';
  #state = EMPTY;
  /** Rises with every change of the subscription: what began under another one has no say any more. */
  #turn = 0;
  #cancelRetry: (() => void) | null = null;

  constructor(options: RoomHistoryOptions) {
    this.#options = options;
  }

  get state(): HistoryState {
    return this.#state;
  }

  /** The subscription is live, see {@link RoomHandlers.subscribed}. */
  subscribed(link: RoomLink, position: Position, recovered: boolean): void {
    this.interrupted();
    this.#link = link;
    this.#epoch = position.epoch;
    if (this.#state.loaded && !recovered) {
      // Offsets that ran back belong to another stream: nothing known can be ordered against it.
      if (position.offset < this.timeline.position) this.#startOver();
      else this.timeline.openGap();
    }
    this.#catchUp(1);
  }

  /** The subscription is away. */
  interrupted(): void {
    this.#turn += 1;
    this.#link = null;
    this.#cancelRetry?.();
    this.#cancelRetry = null;
    this.#set({ loading: false, error: null });
  }

  /** Reads the page before the oldest known message, or the newest if that failed; does nothing when it is not possible now. */
  async loadOlder(): Promise<void> {
    const { floor } = this.timeline;
    if (!this.#link || this.#state.loading || this.#state.complete) return;
    if (floor === null) {
      if (this.#state.error) this.#retryNow();
      return;
    }
    const turn = this.#turn;
    this.#set({ loading: true, error: null });
    try {
      const page = await this.#read({ limit: PAGE, reverse: true, since: { offset: floor, epoch: this.#epoch } });
      if (turn !== this.#turn) return;
      this.timeline.addPage(page.publications);
      this.#set({ loading: false, complete: page.publications.length === 0 });
    } catch (thrown) {
      if (turn === this.#turn) this.#set({ loading: false, error: callErrorOf(thrown) });
    }
  }

  #retryNow(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = null;
    this.#set({ error: null });
    this.#catchUp(1);
  }

  #catchUp(attempt: number): void {
    const turn = this.#turn;
    const work = this.#state.loaded ? this.#fillGap(turn) : this.#loadNewest(turn);
    work.catch(thrown => {
      if (turn !== this.#turn) return;
      const error = callErrorOf(thrown);
      this.#set({ error });
      if (!error.temporary) return;
      const { clock, random } = this.#options;
      this.#cancelRetry = clock.after(backoffMs(RETRY, attempt, random()), () => this.#catchUp(attempt + 1));
    });
  }

  async #loadNewest(turn: number): Promise<void> {
    const page = await this.#read({ limit: PAGE, reverse: true });
    if (turn !== this.#turn) return;
    this.timeline.addPage(page.publications);
    this.#set({ loaded: true, error: null, complete: page.publications.length === 0 });
  }

  async #fillGap(turn: number): Promise<void> {
    for (let pages = 0; this.timeline.gap !== null; pages++) {
      if (pages === GAP_PAGES) {
        this.#startOver();
        return this.#loadNewest(turn);
      }
      const since = { offset: this.timeline.gap, epoch: this.#epoch };
      const { publications } = await this.#read({ limit: GAP_PAGE, since });
      if (turn !== this.#turn) return;
      this.timeline.addPage(publications);
      this.timeline.fillGap(publications.at(-1)?.offset);
      this.#set({ error: null });
    }
  }

  /** The stream may have begun a new epoch since the subscription: then the page is read again under the new one. */
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
