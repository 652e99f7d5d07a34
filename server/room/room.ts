import type { Encoding, Position, Publication } from '../protocol/codec.ts';
import { type Clock, sleep } from '../time/clock.ts';
import type { FanOut } from './fan-out.ts';
import type { LiveMessage, RoomLog, Watch } from './log.ts';
import type { Member } from './member.ts';
import type { StoredMessage } from './message.ts';
import type { Place, Places } from './places.ts';
import type { RoomReader } from './reader.ts';
import { Tail, type TailBudget } from './tail.ts';

/**
 * Why a room read messages instead of taking them from its live flow: one before it is missing, a comparison with the
 * stream found more, or LIVE has forgotten the message before, so that nothing live can tell whether one is missing.
 */
export type RepairCause = 'gap' | 'recheck' | 'opening' | 'forgotten';

/** What a room reports: counted by the gateway's metrics. */
export interface RoomEvents {
  /** A message was handed to `deliveries` sockets, `bytes` in all. */
  delivered(message: StoredMessage, deliveries: number, bytes: number, live: boolean): void;
  repaired(cause: RepairCause, messages: number): void;
  repairFailed(room: string, error: unknown): void;
}

export interface RoomOptions {
  readonly log: RoomLog;
  readonly places: Places;
  readonly reader: RoomReader;
  readonly fanOut: FanOut;
  readonly budget: TailBudget;
  readonly events: RoomEvents;
  readonly after: Clock['after'];
}

interface Waiting {
  readonly offset: number;
  readonly resolve: () => void;
}
/** Shared by all rooms, as most of them are idle for most of the time. */
const NOBODY: readonly Waiting[] = [];
const OPENED = Promise.resolve();

const REPAIR_CHUNK = 100;
const REPAIR_RETRY_MS = 200;
const REPAIR_RETRY_MOST_MS = 5_000;

export const publicationOf = (message: StoredMessage): Publication => ({
  data: message.body,
  offset: message.offset,
  ...(message.user === '' ? {} : { info: { user: message.user, client: message.client } }),
  type: message.type,
});

/**
 * One room on one gateway. Delivers every stored message to its members once, in the order of the stream: what the live
 * flow skipped is read before what follows it. Opened by the first member.
 */
export class Room {
  readonly name: string;
  readonly turn: number;
  readonly members = new Set<Member>();
  /** Members on their way in: they keep the room open. */
  joining = 0;
  readonly counts: Record<Encoding, number> = { json: 0, protobuf: 0 };
  readonly tail: Tail;
  /** Incarnation of the stream that the offsets belong to; empty until open. */
  epoch = '';
  /** Offset up to which everything has been delivered to the members. */
  latest = 0;
  /** Ends every wait on the room: the stream it counted in is gone. */
  closed = false;
  readonly #options: RoomOptions;
  readonly #watch: Watch;
  #opening: Promise<void>;
  #open = false;
  /** Highest offset known to exist. */
  #known = 0;
  /** As far as the stream was compared, see {@link whole}; may be below {@link latest}. */
  #sure = 0;
  #repairing = false;
  #waiting: readonly Waiting[] = NOBODY;

  /** @param turn which share of the re-checks the room belongs to */
  constructor(name: string, options: RoomOptions, turn = 0) {
    this.name = name;
    this.turn = turn;
    this.#options = options;
    this.tail = new Tail(options.budget, 0);
    this.#watch = options.log.watch(name, live => this.#onLive(live));
    this.#opening = this.#start();
    this.#opening.catch(() => undefined); // reported to whoever waits in ready()
  }

  /** Resolves when the room has its place in the order. Rejects with ReadFailed when the stream does not answer. */
  ready(): Promise<void> {
    return this.#opening;
  }

  /** Where the stream says that the room stands, as of a moment after the call. @throws {ReadFailed} */
  place(): Promise<Place> {
    return this.#options.places.of(this.name);
  }

  position(): Position {
    return { offset: this.latest, epoch: this.epoch };
  }

  /** From this call on the member gets what follows {@link latest}. */
  add(member: Member): void {
    if (this.members.has(member)) return;
    this.members.add(member);
    this.counts[member.encoding] += 1;
    member.subscribe(this.#options.fanOut.topic(this.name, member.encoding));
  }

  remove(member: Member): void {
    if (!this.members.delete(member)) return;
    this.counts[member.encoding] -= 1;
    member.unsubscribe(this.#options.fanOut.topic(this.name, member.encoding));
  }

  /** Makes sure that everything up to `offset` reaches the members. */
  catchUp(offset: number, cause: RepairCause): void {
    if (offset > this.#known) this.#known = offset;
    if (this.#open && this.#known > this.latest) void this.#repair(cause);
  }

  /**
   * Takes what a comparison with the stream found.
   * @param top offset of the room's last message in LOG, 0 for none
   * @param upTo offset of the partition up to which `top` counts
   * @param purged highest offset of the room that LOG may have given up
   */
  compared(top: number, upTo: number, purged: number, cause: RepairCause): void {
    if (!this.#open) return;
    // What LOG gave up since the last comparison nobody here may have seen; MongoDB has it.
    const gone = purged > this.whole ? purged : 0;
    const exists = Math.max(top, gone, this.#known);
    if (exists > this.latest) this.catchUp(exists, cause);
    else this.#sure = Math.max(this.#sure, upTo);
  }

  /** Resolves when the room holds `offset`, or is closed. */
  reached(offset: number): Promise<void> {
    this.catchUp(offset, 'gap');
    if (this.latest >= offset || this.closed) return Promise.resolve();
    return new Promise(resolve => {
      this.#waiting = [...this.#waiting, { offset, resolve }];
    });
  }

  /**
   * The stream's incarnation changed, or what is missing is lost: members subscribe again, and then learn that what they
   * hold cannot be continued.
   */
  invalidate(): void {
    this.close();
    for (const member of [...this.members]) {
      this.remove(member);
      member.expelled(this.name);
    }
  }

  close(): void {
    this.closed = true;
    this.#watch.stop();
    this.tail.restart(this.latest);
    for (const wait of this.#waiting) wait.resolve();
    this.#waiting = NOBODY;
  }

  async #start(): Promise<void> {
    await this.#watch.ready();
    const place = await this.place();
    this.epoch = place.epoch;
    this.latest = place.offset;
    this.#sure = place.last;
    this.tail.restart(place.top); // who has everything up to here misses nothing, and nothing needs to be read to know it
    this.#open = true;
    this.#opening = OPENED;
    this.catchUp(this.#known, 'opening');
  }

  #onLive(live: LiveMessage): void {
    const { message, previous } = live;
    if (this.closed || message.offset <= this.latest) return;
    const gap = previous > this.latest;
    // LIVE holds minutes: 0 means that the message before is not among them, and that may be one that was lost.
    const forgotten = previous === 0 && message.offset > this.whole + 1;
    if (!this.#open || this.#repairing || gap || forgotten) {
      // Everything live is in LOG too: it is read from there, in order.
      this.catchUp(message.offset, forgotten ? 'forgotten' : 'gap');
      return;
    }
    if (message.offset > this.#known) this.#known = message.offset;
    this.#deliver(message, true);
  }

  #deliver(message: StoredMessage, live: boolean): void {
    const publication = publicationOf(message);
    this.tail.append(publication);
    this.#advance(message.offset);
    const members = this.counts.json + this.counts.protobuf;
    const push = { type: 'publication', channel: this.name, publication } as const;
    const bytes = members === 0 ? 0 : this.#options.fanOut.push(this.name, this.counts, push);
    this.#options.events.delivered(message, members, bytes, live);
  }

  /** Offset of the partition up to which no message of the room is missing: all that there are have been delivered. */
  get whole(): number {
    return Math.max(this.latest, this.#sure);
  }

  #advance(offset: number): void {
    this.latest = offset;
    if (this.#waiting.length === 0) return;
    const reached = this.#waiting.filter(wait => wait.offset <= offset);
    this.#waiting = this.#waiting.filter(wait => wait.offset > offset);
    for (const wait of reached) wait.resolve();
  }

  async #repair(cause: RepairCause): Promise<void> {
    if (this.#repairing) return;
    this.#repairing = true;
    let repaired = 0;
    let failures = 0;
    // Between the last look at what is known and the end of the repair nothing may come: nobody would repair it.
    try {
      while (!this.closed && this.latest < this.#known) {
        const wanted = this.#known;
        try {
          const { messages, holed } = await this.#options.reader.after(this.name, this.whole, REPAIR_CHUNK);
          if (this.closed) break;
          if (holed) {
            this.invalidate();
            break;
          }
          failures = 0;
          for (const message of messages) this.#deliver(message, false);
          repaired += messages.length;
          if (messages.length === 0) this.#advance(wanted); // erased; what became known during the read is above it
        } catch (error) {
          this.#options.events.repairFailed(this.name, error);
          await this.#pause(Math.min(REPAIR_RETRY_MS * 2 ** failures++, REPAIR_RETRY_MOST_MS));
        }
      }
    } finally {
      this.#repairing = false;
    }
    if (repaired > 0) this.#options.events.repaired(cause, repaired);
  }

  #pause(ms: number): Promise<void> {
    return sleep(this.#options, ms);
  }
}
