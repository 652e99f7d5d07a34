import type { Encoding, Position, Publication } from '../protocol/codec.ts';
import { type Clock, sleep } from '../time/clock.ts';
import { ControlLane, isOfLane, type RoomControl } from './control-lane.ts';
import type { FanOut } from './fan-out.ts';
import type { LiveMessage, RoomLog, Watch } from './log.ts';
import type { Masks } from './masks.ts';
import type { Member } from './member.ts';
import { PAIR, type StoredMessage } from './message.ts';
import type { Place, Places } from './places.ts';
import type { RoomReader } from './reader.ts';
import { Tail, type TailBudget } from './tail.ts';

/**
 * Reason for reading messages instead of taking them from the live flow. `gap`: a message before the live one is missing.
 * `recheck`, `opening`: a comparison with the stream found more. `forgotten`: LIVE no longer has the message before, so the live
 * flow cannot show whether one is missing. `edit`: a live edit of a room whose deletes are not known yet.
 */
export type RepairCause = 'gap' | 'recheck' | 'opening' | 'forgotten' | 'edit';

/** Receiver of a room's events, for metrics, traces and the log. */
export interface RoomEvents {
  /** A message was sent to `deliveries` members, `bytes` in all; `live` unless it was read. */
  delivered(message: StoredMessage, deliveries: number, bytes: number, live: boolean): void;
  repaired(cause: RepairCause, messages: number): void;
  repairFailed(room: string, error: unknown): void;
}

export interface RoomOptions {
  readonly log: RoomLog;
  readonly places: Places;
  /** Leaves out what is deleted. */
  readonly reader: RoomReader;
  readonly control: RoomControl;
  readonly masks: Pick<Masks, 'hides' | 'follow'>;
  readonly fanOut: FanOut;
  readonly budget: TailBudget;
  readonly events: RoomEvents;
  readonly after: Clock['after'];
}

/** Caller that waits until the room has delivered an offset. */
interface Waiting {
  readonly offset: number;
  readonly resolve: () => void;
}
/** Empty list, shared by all rooms: most of them are idle. */
const NO_WAITS: readonly Waiting[] = [];
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
 * One room on one gateway. Delivers every stored message to its members once, in the order of the stream: a message that the live
 * flow lost is read before a later one is delivered.
 */
export class Room {
  readonly name: string;
  /** Number of the room on this gateway: spreads the comparisons of all rooms over time. */
  readonly number: number;
  readonly members = new Set<Member>();
  /** Number of members by encoding. */
  readonly counts: Record<Encoding, number> = { json: 0, protobuf: 0 };
  readonly tail: Tail;
  readonly lane: ControlLane;
  /** Incarnation of the stream that the offsets belong to; empty until open. */
  epoch = '';
  /** Offset up to which everything has been delivered to the members. */
  latest = 0;
  /** True once the room is of no more use: its stream is gone, or it was idle. Every wait on it has ended. */
  closed = false;
  readonly #options: RoomOptions;
  readonly #watch: Watch;
  #opening: Promise<void>;
  #open = false;
  /** Highest offset known to exist. */
  #known = 0;
  /** Offset up to which the room was compared with the stream, see {@link whole}; may be below {@link latest}. */
  #sure = 0;
  #repairing = false;
  #waiting: readonly Waiting[] = NO_WAITS;

  constructor(name: string, options: RoomOptions, number = 0) {
    this.name = name;
    this.number = number;
    this.#options = options;
    this.tail = new Tail(options.budget, 0);
    this.lane = new ControlLane(this, options.control);
    this.#watch = options.log.watch(name, live => this.#onLive(live));
    this.#opening = this.#start();
    this.#opening.catch(() => undefined); // callers of ready() get it
  }

  /** Resolves when the room is open: it knows its position. @throws {ReadFailed} if the stream does not answer */
  ready(): Promise<void> {
    return this.#opening;
  }

  /** Reads the room's place in the stream, as of a moment after the call. @throws {ReadFailed} */
  place(): Promise<Place> {
    return this.#options.places.of(this.name);
  }

  /** Reads the offset of the room's last message, from the leader. @throws {ReadFailed} */
  top(): Promise<number> {
    return this.#options.log.top(this.name);
  }

  /** Position up to which the members have everything. */
  position(): Position {
    return { offset: this.latest, epoch: this.epoch };
  }

  /** Adds a member, which gets everything after {@link latest}. Does nothing if it is one. */
  add(member: Member): void {
    if (this.members.has(member)) return;
    this.members.add(member);
    this.counts[member.encoding] += 1;
    member.subscribe(this.#options.fanOut.topic(this.name, member.encoding));
  }

  /** Removes a member, which gets nothing more. Does nothing if it is none. */
  remove(member: Member): void {
    if (!this.members.delete(member)) return;
    this.counts[member.encoding] -= 1;
    member.unsubscribe(this.#options.fanOut.topic(this.name, member.encoding));
  }

  /** Reads and delivers everything up to `offset` that the live flow has not brought. */
  catchUp(offset: number, cause: RepairCause): void {
    if (offset > this.#known) this.#known = offset;
    if (this.#open && this.#known > this.latest) void this.#repair(cause);
  }

  /**
   * Takes the result of a comparison with the stream, and repairs what is missing.
   * @param top offset of the room's last message in LOG, 0 for none
   * @param upTo offset of the partition up to which `top` counts
   * @param purged highest offset of the room that LOG may have given up
   */
  compared(top: number, upTo: number, purged: number, cause: RepairCause): void {
    if (!this.#open) return;
    // This gateway may have missed what LOG purged since the last comparison; MongoDB has it.
    const gone = purged > this.whole ? purged : 0;
    const exists = Math.max(top, gone, this.#known);
    if (exists > this.latest) this.catchUp(exists, cause);
    else this.#sure = Math.max(this.#sure, upTo);
  }

  /** Resolves when everything up to `offset` was delivered, or the room is closed. */
  reached(offset: number): Promise<void> {
    this.catchUp(offset, 'gap');
    if (this.latest >= offset || this.closed) return Promise.resolve();
    return new Promise(resolve => {
      this.#waiting = [...this.#waiting, { offset, resolve }];
    });
  }

  /**
   * Closes the room and makes its members subscribe again: the epoch has changed, or missing messages are lost. The reply to the
   * new subscribe says that their position cannot be continued.
   */
  invalidate(): void {
    this.close();
    for (const member of [...this.members]) {
      this.remove(member);
      member.expelled(this.name);
    }
  }

  /** Stops the live flow and ends all waits. */
  close(): void {
    this.closed = true;
    this.#watch.stop();
    this.tail.restart(this.latest);
    for (const wait of this.#waiting) wait.resolve();
    this.#waiting = NO_WAITS;
  }

  async #start(): Promise<void> {
    await this.#watch.ready();
    const asked = this.place();
    const top = asked.then(place => place.top);
    top.catch(() => undefined); // reported by the other one
    const [place] = await Promise.all([asked, this.lane.open(top)]);
    if (this.closed) return;
    this.epoch = place.epoch;
    this.latest = place.offset;
    this.#sure = place.last;
    this.tail.restart(place.top); // a client with everything up to here has missed nothing: no read is needed
    this.#open = true;
    this.#opening = OPENED;
    this.catchUp(this.#known, 'opening');
  }

  #onLive(live: LiveMessage): void {
    const { message, previous } = live;
    if (this.closed || message.offset <= this.latest) return;
    const gap = previous > this.latest;
    // LIVE has minutes: 0 means that it no longer has the message before, which may be one that was lost.
    const forgotten = previous === 0 && message.offset > this.whole + 1;
    // An edit may be of a message that was deleted before.
    const hidden = message.type === 'edit' ? this.#options.masks.hides(this.name, this.latest, message) : false;
    if (!this.#open || this.#repairing || gap || forgotten || hidden === undefined) {
      // LOG has every live message: it is read from there, in order.
      this.catchUp(message.offset, forgotten ? 'forgotten' : hidden === undefined ? 'edit' : 'gap');
      return;
    }
    if (message.offset > this.#known) this.#known = message.offset;
    if (hidden) this.#advance(message.offset);
    else this.#deliver(message, true);
  }

  #deliver(message: StoredMessage, live: boolean): void {
    if (message.type === PAIR) this.lane.delivered(message); // for this gateway alone
    if (message.type === PAIR || this.lane.voids(message)) return this.#advance(message.offset);
    const publication = publicationOf(message);
    const { type, targets } = message;
    if (type === 'delete') this.tail.strike(targets);
    this.tail.append(publication, type === 'edit' ? targets[0] : undefined);
    this.#options.masks.follow(this.name, this.latest, message);
    this.#advance(message.offset);
    const members = this.counts.json + this.counts.protobuf;
    const push = { type: 'publication', channel: this.name, publication } as const;
    const bytes = members === 0 ? 0 : this.#options.fanOut.push(this.name, this.counts, push);
    this.#options.events.delivered(message, members, bytes, live);
    if (isOfLane(message.type)) this.lane.delivered(message);
  }

  /** Offset of the partition up to which all messages of the room have been delivered. */
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
    // No await between the last check of #known and the end of the repair: a message that came there would stay missing.
    try {
      while (!this.closed && this.latest < this.#known) {
        const wanted = this.#known;
        try {
          const { messages, holed, skippedTo } = await this.#options.reader.after(this.name, this.whole, REPAIR_CHUNK);
          if (this.closed) break;
          if (holed) {
            this.invalidate();
            break;
          }
          failures = 0;
          for (const message of messages) this.#deliver(message, false);
          repaired += messages.length;
          // All left out, up to there or to the end; what became known during the read is above it.
          if (messages.length === 0) this.#advance(skippedTo ?? wanted);
        } catch (error) {
          await this.#failed(error, failures++);
        }
      }
    } finally {
      this.#repairing = false;
    }
    if (repaired > 0) this.#options.events.repaired(cause, repaired);
  }

  /** Runs `attempt` until it resolves or the room is closed. */
  async untilDone(attempt: () => Promise<void>): Promise<void> {
    for (let failures = 0; !this.closed; failures++) {
      try {
        return await attempt();
      } catch (error) {
        await this.#failed(error, failures);
      }
    }
  }

  #failed(error: unknown, failures: number): Promise<void> {
    this.#options.events.repairFailed(this.name, error);
    return sleep(this.#options, Math.min(REPAIR_RETRY_MS * 2 ** failures, REPAIR_RETRY_MOST_MS));
  }
}
