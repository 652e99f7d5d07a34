import type { ReplyTo } from '../server/fold/entry.ts';
import { backoffMs } from '../server/time/backoff.ts';
import type { Clock } from '../server/time/clock.ts';
import { type CallError, callErrorOf } from './call-error.ts';
import type { MessagePage } from './message-page.ts';
import { RETRY } from './retry.ts';
import { Timeline } from './timeline.ts';
import type { HistoryPage, HistoryRequest, Position, Publication, RoomLink } from './transport.ts';

const PAGE = 50;
const GAP_PAGE = 100;
/** Most pages of missed messages that are read. After more, the room begins anew with its newest page. */
const GAP_PAGES = 10;
/**
 * Shortest time, and half of the longest, until messages are read again whose reactions may be counted wrongly, in ms: many
 * users react at once, and all clients of a room read then.
 */
const RECOUNT_MS = 3_000;
/** Messages that are read one by one in one call: the longest texts of so many fit into an answer. */
const SINGLES = 20;
/** Code of a gateway of an older version for a verb that it does not know. */
const METHOD_NOT_FOUND = 104;
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
  /** Reads the newest page of messages, or the one below an offset. @throws {CallError} */
  readonly list: (request: { readonly limit: number; readonly before?: number }) => Promise<MessagePage>;
  /** Reads messages that replies name. One that the room does not have is left out. @throws {CallError} */
  readonly get: (replyTos: readonly ReplyTo[]) => Promise<MessagePage>;
  /** Called when the messages or the state have changed. */
  readonly onChange: () => void;
}

/** Keeps a room's timeline without gaps: reads the newest page, older ones on demand, and what a reconnect did not recover. */
export class RoomHistory {
  readonly timeline = new Timeline();
  readonly #options: RoomHistoryOptions;
  #link: RoomLink | null = null;
  #epoch = '';
  /** Position of the subscription. */
  #subscribedAt = 0;
  /** Offset above which the timeline has got every entry, except in its gap. Pages may lack changes above their positions. */
  #from = 0;
  #state = EMPTY;
  /** Number of the subscription. Reads that began under an earlier one are ignored. */
  #generation = 0;
  /** Last reading of an older page. */
  #older: Promise<void> = Promise.resolve();
  #cancelRetry: (() => void) | null = null;
  #cancelRecount: (() => void) | null = null;

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
    this.#subscribedAt = position.offset;
    if (!recovered) {
      // Lower offsets than before belong to another stream: known messages cannot be ordered against it.
      if (!this.#state.loaded || position.offset < this.timeline.position) this.#startOver();
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
    this.#cancelRecount?.();
    this.#cancelRecount = null;
    this.#set({ loading: false, error: null });
  }

  /** Takes a publication of the subscription. */
  live(publication: Publication): void {
    this.timeline.addLive(publication);
    this.#recountSoon();
  }

  /** Takes an entry of this user that was acknowledged before its publication came. */
  acknowledged(publication: Publication): void {
    this.timeline.addAcknowledged(publication);
    this.#recountSoon();
  }

  /**
   * Reads the page before the oldest known message, or the newest if that failed; does nothing while offline. Resolves when the
   * page is here, or when the reading that is under way has ended. Never rejects.
   */
  loadOlder(): Promise<void> {
    if (!this.#state.loading) this.#older = this.#loadOlder();
    return this.#older;
  }

  async #loadOlder(): Promise<void> {
    const { floor } = this.timeline;
    if (!this.#link || this.#state.complete) return;
    if (floor === null) {
      if (this.#state.error) this.#retryNow();
      return;
    }
    const generation = this.#generation;
    this.#set({ loading: true, error: null });
    try {
      const complete = await this.#addPage(generation, floor);
      if (generation === this.#generation) this.#set({ loading: false, complete });
    } catch (thrown) {
      if (generation === this.#generation) this.#set({ loading: false, error: callErrorOf(thrown) });
    }
  }

  /** Reads messages that replies name, after which the timeline finds those that the room has. @throws {CallError} */
  async readSingle(replyTos: readonly ReplyTo[]): Promise<void> {
    const generation = this.#generation;
    for (let first = 0; first < replyTos.length; first += SINGLES) {
      const page = await this.#options.get(replyTos.slice(first, first + SINGLES));
      await this.#readChanges(generation, page.upto);
      if (generation !== this.#generation) return;
      this.timeline.addSingle(page);
    }
  }

  #recountSoon(): void {
    const { clock, random, onChange } = this.#options;
    if (!this.#link || this.#cancelRecount || !this.timeline.isUncertain) return;
    this.#cancelRecount = clock.after(RECOUNT_MS * (1 + random()), () => {
      this.#cancelRecount = null;
      // A failure leaves the count as it is until the next reaction.
      this.readSingle(this.timeline.takeUncertain()).then(onChange, () => undefined);
    });
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
    const complete = await this.#addPage(generation);
    if (generation === this.#generation) this.#set({ loaded: true, error: null, complete });
  }

  /**
   * Adds the newest page, or the one below an offset. A page may be without a message although there are some below: then the next
   * one is added, too.
   * @returns true if it is empty: there is none further below
   */
  async #addPage(generation: number, before?: number): Promise<boolean> {
    for (let below = before; ; ) {
      const request = { limit: PAGE, ...(below === undefined ? {} : { before: below }) };
      const page = await this.#options.list(request).catch(ifUnknown);
      if (!page) return await this.#addHistory(generation, below);
      if (generation === this.#generation) this.#epoch = page.epoch;
      await this.#readChanges(generation, page.upto);
      if (generation !== this.#generation) return false;
      this.timeline.addFolded(page);
      if (page.messages.length > 0) return false;
      if (page.floor === null) break;
      below = page.floor;
    }
    this.timeline.end();
    return true;
  }

  /** Adds a page of the history of a gateway that does not fold messages. Answers as {@link #addPage} does. */
  async #addHistory(generation: number, before?: number): Promise<boolean> {
    const since = before === undefined ? {} : { since: { offset: before, epoch: this.#epoch } };
    const { publications } = await this.#read({ limit: PAGE, reverse: true, ...since });
    if (generation !== this.#generation) return false;
    this.timeline.addPage(publications);
    if (publications.length > 0) return false;
    this.timeline.end();
    return true;
  }

  /** Reads the entries above a page that the subscription did not bring: they came before it, and are not in the page. */
  async #readChanges(generation: number, upto: number): Promise<void> {
    for (let offset = upto; generation === this.#generation && offset < this.#from; ) {
      const { publications } = await this.#read({ limit: GAP_PAGE, since: { offset, epoch: this.#epoch } });
      if (generation !== this.#generation) return;
      for (const publication of publications) this.timeline.addLive(publication);
      offset = publications.at(-1)?.offset ?? this.#from;
    }
    if (generation === this.#generation) this.#from = Math.min(this.#from, upto);
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
      this.#recountSoon();
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
    this.#from = this.#subscribedAt;
    this.#set(EMPTY);
  }

  #set(change: Partial<HistoryState>): void {
    this.#state = { ...this.#state, ...change };
    this.#options.onChange();
  }
}

/** Null for a verb that the gateway does not know. @throws anything else */
function ifUnknown(thrown: unknown): null {
  if (callErrorOf(thrown).code === METHOD_NOT_FOUND) return null;
  throw thrown;
}
