import { readMentions } from '../server/fold/mentions.ts';
import { type Clock, type Moment, momentAfter } from '../server/time/clock.ts';
import { CallError, callErrorOf } from './call-error.ts';
import { Listeners } from './listeners.ts';
import type { MarkFollower } from './read-marks.ts';
import type { ListedRoom } from './room-list.ts';
import type { Publication, Transport } from './transport.ts';
import type { ParamsOf, ResultOf } from './verbs.ts';

/** Unread messages of a room: `n`, and more than that if `more`. `mentions` of them mention the user or everybody. */
export interface UnreadCount {
  readonly n: number;
  readonly more: boolean;
  readonly mentions: number;
}

/** Messages up to which the server counts exactly. */
const MOST_COUNTED = 100;
/** Rooms of one call, a limit of the server. */
const MOST_ROOMS = 100;
/** Time between two calls, in ms. */
const EVERY_MS = 1_000;
/** Time after which a count is asked for again that the server could not say, or that was made up here, in ms. */
const LATER_MS = 5_000;

const NONE: UnreadCount = { n: 0, more: false, mentions: 0 };

export interface UnreadCountsOptions {
  readonly user: string;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  /** Calls `unread`. @throws {CallError} */
  readonly ask: (params: ParamsOf<'unread'>) => Promise<ResultOf<'unread'>>;
  /** True for a user whom this user blocks; null if that is not known here. */
  readonly blocks: (user: string) => boolean | null;
}

/**
 * Unread messages of the listed rooms, as the server counts them. It is asked where `room.list` does not say it, together and at most
 * once a second. Messages of rooms that are open raise a count at once, and what the user reads here ends it at once; whatever else
 * may change it, such as a delete or a mark of another device, has it asked for again.
 */
export class UnreadCounts implements MarkFollower {
  /** Emits when a count has changed. */
  readonly changed = new Listeners();
  readonly #options: UnreadCountsOptions;
  readonly #counts = new Map<string, UnreadCount>();
  /** Rooms of the list that the user is a member of. */
  #listed: ReadonlyMap<string, ListedRoom> = new Map();
  /** Rooms to be asked for, with the time from which on. */
  readonly #wanted = new Map<string, Moment>();
  /** Rooms that something has happened in since they were asked for: the answer may lack it. */
  readonly #touched = new Set<string>();
  /** Rooms that were read here, and whose marks are on their way: the server does not know it yet. */
  readonly #reading = new Set<string>();
  /** Offset up to which each room's messages are counted. */
  readonly #heard = new Map<string, number>();
  #nextAt: Moment | null = null;
  #asking = false;
  #cancel: (() => void) | null = null;
  /** True for a server of an older version, which does not count. */
  #isUnknown = false;
  #isOnline = false;

  constructor(options: UnreadCountsOptions) {
    this.#options = options;
  }

  /** Count of a room; null while it is not known, and for a room that is not in the list. */
  of(room: string): UnreadCount | null {
    return this.#counts.get(room) ?? null;
  }

  /** Takes the list of rooms as it was read. A room that is the same object as before has not changed. */
  listed(rooms: readonly ListedRoom[]): void {
    const members = rooms.filter(({ state }) => state === 'member');
    const before = this.#listed;
    this.#listed = new Map(members.map(each => [each.room, each]));
    for (const room of this.#counts.keys()) if (!this.#listed.has(room)) this.#counts.delete(room);
    for (const each of members) {
      const { room, n } = each;
      if (before.get(room) === each && this.#counts.has(room)) continue;
      if (n === 0 && !this.#counts.has(room)) this.#set(room, NONE);
      // A message may have come since the list was read.
      else if (n !== 0 || this.#counts.get(room)?.n !== 0) this.want(room);
    }
  }

  /** Takes a new connection, perhaps to another server. What was missed shows in the list, which is read for it. */
  connected(): void {
    this.#isUnknown = false;
    this.#isOnline = true;
    this.#wake();
  }

  /** Asks for nothing until it is connected again. */
  disconnected(): void {
    this.#isOnline = false;
    this.#wake();
  }

  /** Asks for the count of a room soon, if it is in the list. @param delay milliseconds, at least */
  want(room: string, delay = 0): void {
    if (!this.#listed.has(room)) return;
    const { clock } = this.#options;
    const at = momentAfter(clock.now(), delay);
    const known = this.#wanted.get(room);
    if (known === undefined || known > at) this.#wanted.set(room, at);
    this.#touched.add(room);
    this.#wake();
  }

  /** Notes that the user has read all of a room here. */
  read(room: string): void {
    this.#reading.add(room);
    this.#touched.add(room);
    if (this.#listed.has(room)) this.#set(room, NONE);
  }

  /** Notes that the server has the mark of a room. */
  settled(room: string): void {
    if (this.#reading.delete(room)) this.#wake();
  }

  /** Notes that a device of the user has moved a mark. It may only lower the count. */
  marked(room: string): void {
    if (this.#counts.get(room)?.n !== 0) this.want(room);
  }

  /** Takes an entry of the user's inbox: a hide changes a count, and so does a block. */
  entry({ type, data }: Pick<Publication, 'type' | 'data'>): void {
    const { room, act } = (data ?? {}) as { readonly room?: unknown; readonly act?: unknown };
    if (type === 'hide' && typeof room === 'string') this.want(room);
    if (type === 'contact' && (act === 'block' || act === 'unblock'))
      for (const each of this.#listed.keys()) this.want(each);
  }

  /** Makes a transport that does the same, and tells this object what its rooms deliver. */
  listening(transport: Transport): Transport {
    return {
      connect: () => transport.connect(),
      disconnect: () => transport.disconnect(),
      call: (verb, params) => transport.call(verb, params),
      join: (room, handlers) =>
        transport.join(room, {
          subscribed: (position, recovered) => handlers.subscribed(position, recovered),
          interrupted: () => handlers.interrupted(),
          ended: (code, reason) => handlers.ended(code, reason),
          publication: publication => {
            this.#hear(room, publication);
            handlers.publication(publication);
          },
          joined: member => handlers.joined(member),
          left: member => handlers.left(member),
        }),
    };
  }

  /** Takes a publication of a room, before the room does: it may be read with it. */
  #hear(room: string, { offset, type, data, sender }: Publication): void {
    if (!this.#listed.has(room) || offset <= (this.#heard.get(room) ?? 0)) return;
    this.#heard.set(room, offset);
    const known = this.#counts.get(room);
    if (type === 'delete' && known?.n !== 0) this.want(room);
    const isForUser = type !== null && this.#isForUser(data);
    // An edit may mention the user, or do so no more, in a message that is counted.
    if (type === 'edit' && known?.n !== 0 && (isForUser || known?.mentions !== 0)) this.want(room);
    const { user, blocks } = this.#options;
    if (type !== 'message' || sender?.user === user) return;
    if (!known) return this.want(room);
    const isBlocked = sender !== null && blocks(sender.user);
    if (isBlocked === true || (known.more && !isForUser)) return;
    this.#touched.add(room);
    const isMore = known.n === MOST_COUNTED;
    const mentions = Math.min(known.mentions + (isForUser ? 1 : 0), MOST_COUNTED);
    this.#set(room, { n: isMore ? MOST_COUNTED : known.n + 1, more: isMore, mentions });
    if (isBlocked === null) this.want(room, LATER_MS);
  }

  #isForUser(data: unknown): boolean {
    const { mentions = [], all } = readMentions((data ?? {}) as Readonly<Record<string, unknown>>);
    return all === true || mentions.includes(this.#options.user);
  }

  #set(room: string, count: UnreadCount): void {
    const known = this.#counts.get(room);
    if (known?.n === count.n && known.more === count.more && known.mentions === count.mentions) return;
    this.#counts.set(room, count);
    this.changed.emit();
  }

  /** Makes the next call when it is due. */
  #wake(): void {
    this.#cancel?.();
    this.#cancel = null;
    if (this.#asking || this.#isUnknown || !this.#isOnline) return;
    const { clock } = this.#options;
    const now = clock.now();
    const due = [...this.#wanted].filter(([room]) => !this.#reading.has(room)).map(([, at]) => at);
    if (due.length === 0) return;
    const at = Math.max(Math.min(...due), this.#nextAt ?? now, now);
    this.#cancel = clock.after(at - now, () => void this.#ask());
  }

  async #ask(): Promise<void> {
    const { clock, ask } = this.#options;
    const now = clock.now();
    const due = [...this.#wanted].filter(([room, at]) => at <= now && !this.#reading.has(room));
    const rooms = due.slice(0, MOST_ROOMS).map(([room]) => room);
    if (rooms.length === 0) return this.#wake();
    for (const room of rooms) {
      this.#wanted.delete(room);
      this.#touched.delete(room);
    }
    this.#nextAt = momentAfter(now, EVERY_MS);
    this.#asking = true;
    const answer = await ask({ rooms }).catch(callErrorOf);
    this.#asking = false;
    if (answer instanceof CallError) {
      this.#isUnknown = !answer.temporary;
      for (const room of rooms) this.want(room, LATER_MS);
    } else this.#take(rooms, answer);
    this.#wake();
  }

  #take(rooms: readonly string[], { items }: ResultOf<'unread'>): void {
    const counts = new Map(items.map(item => [item.room, item]));
    for (const room of rooms) {
      const item = counts.get(room);
      if (!item || !this.#listed.has(room)) continue; // it is not the user's any more
      if (item.n === null) this.want(room, LATER_MS);
      else if (this.#touched.has(room)) this.want(room);
      else {
        // Messages in the count may still be on their way here.
        this.#heard.set(room, Math.max(item.upto ?? 0, this.#heard.get(room) ?? 0));
        // A gateway of an older version does not count them, nor does any until workers have marked the messages.
        const mentions = item.mentions ?? this.#counts.get(room)?.mentions ?? 0;
        this.#set(room, { n: item.n, more: item.more === true, mentions: item.n === 0 ? 0 : mentions });
      }
    }
  }
}
