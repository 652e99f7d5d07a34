import type { Codec, Encoding } from '../protocol/codec.ts';
import type { Member } from '../room/member.ts';
import type { Clock, Moment } from '../time/clock.ts';
import type { BumpBus, NotedEnd } from './bump-bus.ts';

export interface BumpsOptions extends Pick<Clock, 'now' | 'after'> {
  readonly bus: BumpBus;
  readonly partitionOf: (room: string) => number;
  /** Connections of a user on this gateway. */
  readonly own: (user: string) => Iterable<Member>;
  /** Rooms that a user is a member of. */
  readonly roomsOf: (user: string) => Promise<readonly string[]>;
  /** Connections that are subscribed to a room. */
  readonly subscribers: (room: string) => Iterable<Pick<Member, 'client'>>;
  readonly codecs: Readonly<Record<Encoding, Codec>>;
  /** Most rooms that are followed, each counted once for each of its users. Read at each use. */
  readonly most: () => number;
  /** Counts rooms that are not followed for that reason. */
  readonly refused: (rooms: number) => void;
  /** Counts a push. */
  readonly pushed: () => void;
  /** True if pushes are to wait, because the gateway is overloaded. */
  readonly drops: () => boolean;
}

/** Time between two pushes to a connection. */
const EVERY_MS = 1_000;
/** Time in which the first bumps after a pause are collected. */
const TOGETHER_MS = 100;
/** Rooms of one push: 20 kB with common names. The others come with the next one. */
const MOST_ROOMS = 250;

/** User of whom a connection asked for bumps. */
interface Follower {
  readonly user: string;
  rooms: ReadonlySet<string>;
  readonly connections: Map<Member, Following>;
  /** Number of the last read of the rooms. */
  reads: number;
}

/** Connection that asked, with the tops of rooms that it has not been told. */
interface Following {
  readonly member: Member;
  readonly tops: Map<string, number>;
}

interface Followed {
  readonly followers: Set<Follower>;
  /** Null until the first end is heard: it may be new or not, so it counts as new. */
  countable: number | null;
}

/**
 * Hints to connections that rooms of their users have got messages, for rooms that they are not subscribed to. Connections that did not
 * ask cost nothing.
 */
export class Bumps {
  readonly #options: BumpsOptions;
  readonly #followers = new Map<string, Follower>();
  readonly #rooms = new Map<string, Followed>();
  readonly #partitions = new Map<number, { rooms: number; readonly end: () => void }>();
  /** Connections with tops to be pushed. Those in the background are not here. */
  readonly #waiting = new Set<Following>();
  /** Rooms of all followers. */
  #count = 0;
  #isDue = false;
  #pushedAt: Moment | null = null;

  constructor(options: BumpsOptions) {
    this.#options = options;
  }

  /**
   * Pushes bumps to a connection of a user from now on, for the rooms that the user has then. Call it before the rooms are read for
   * the client: what comes later is pushed. Does nothing for a caller without a connection. Rejects as the read of the rooms does.
   */
  async follow(user: string, client: string): Promise<void> {
    const member = this.#member(user, client);
    if (!member) return;
    const follower = this.#followers.get(user) ?? { user, rooms: new Set(), connections: new Map(), reads: 0 };
    this.#followers.set(user, follower);
    if (!follower.connections.has(member)) follower.connections.set(member, { member, tops: new Map() });
    await this.#read(follower);
  }

  /** Takes note that the rooms of a user may have changed. Never rejects. */
  async reconsider(user: string): Promise<void> {
    const follower = this.#followers.get(user);
    if (follower) await this.#read(follower).catch(() => undefined); // the client syncs after the same entry
  }

  /** Takes note that a connection of a user has come or ended. */
  moved(user: string, member: Member): void {
    const follower = this.#followers.get(user);
    if (follower && !member.alive()) this.#end(follower, member);
  }

  /** Takes note that the client of a connection went into the background or back. */
  turned(user: string, client: string): void {
    const member = this.#member(user, client);
    const following = member && this.#followers.get(user)?.connections.get(member);
    if (following && following.tops.size > 0) this.#wait(following);
  }

  #member(user: string, client: string): Member | null {
    for (const member of this.#options.own(user)) if (member.client === client) return member;
    return null;
  }

  #end(follower: Follower, member: Member): void {
    const following = follower.connections.get(member);
    if (!following) return;
    this.#waiting.delete(following);
    follower.connections.delete(member);
    if (follower.connections.size > 0) return;
    follower.reads += 1; // a read on its way is of no use
    this.#setRooms(follower, []);
    this.#followers.delete(follower.user);
  }

  async #read(follower: Follower): Promise<void> {
    follower.reads += 1;
    const { reads } = follower;
    const rooms = await this.#options.roomsOf(follower.user);
    if (reads === follower.reads) this.#setRooms(follower, rooms);
  }

  #setRooms(follower: Follower, rooms: readonly string[]): void {
    const { most, refused } = this.#options;
    const before = follower.rooms;
    const wanted = new Set(rooms);
    for (const room of before) if (!wanted.has(room)) this.#forget(follower, room);
    const kept = new Set([...before].filter(room => wanted.has(room)));
    let over = 0;
    for (const room of wanted) {
      if (kept.has(room)) continue;
      if (this.#count >= most()) {
        over += 1;
        continue;
      }
      kept.add(room);
      this.#add(follower, room);
    }
    follower.rooms = kept;
    if (over > 0) refused(over);
  }

  #add(follower: Follower, room: string): void {
    this.#count += 1;
    const known = this.#rooms.get(room);
    if (known) {
      known.followers.add(follower);
      return;
    }
    this.#rooms.set(room, { followers: new Set([follower]), countable: null });
    const { bus, partitionOf } = this.#options;
    const partition = partitionOf(room);
    const followed = this.#partitions.get(partition);
    if (followed) followed.rooms += 1;
    else {
      const end = bus.follow(
        partition,
        each => this.#rooms.has(each),
        each => this.#heard(each),
      );
      this.#partitions.set(partition, { rooms: 1, end });
    }
  }

  #forget(follower: Follower, room: string): void {
    this.#count -= 1;
    for (const { tops } of follower.connections.values()) tops.delete(room);
    const known = this.#rooms.get(room);
    if (!known?.followers.delete(follower) || known.followers.size > 0) return;
    this.#rooms.delete(room);
    const partition = this.#options.partitionOf(room);
    const followed = this.#partitions.get(partition);
    if (!followed) return;
    followed.rooms -= 1;
    if (followed.rooms > 0) return;
    followed.end();
    this.#partitions.delete(partition);
  }

  #heard({ room, top, countable }: NotedEnd): void {
    const known = this.#rooms.get(room);
    if (!known || countable === 0 || countable === known.countable) return;
    known.countable = countable;
    for (const { connections } of known.followers)
      for (const following of connections.values()) {
        following.tops.set(room, top);
        if (!following.member.isBackground) this.#wait(following);
      }
  }

  #wait(following: Following): void {
    this.#waiting.add(following);
    this.#pushSoon();
  }

  #pushSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    const { now, after } = this.#options;
    const rest = this.#pushedAt === null ? 0 : this.#pushedAt + EVERY_MS - now();
    after(Math.max(rest, TOGETHER_MS), () => this.#push());
  }

  #push(): void {
    this.#isDue = false;
    if (this.#waiting.size === 0) return;
    this.#pushedAt = this.#options.now();
    if (!this.#options.drops()) {
      const subscribed = this.#subscribed();
      for (const following of this.#waiting) this.#pushTo(following, subscribed);
    }
    if (this.#waiting.size > 0) this.#pushSoon();
  }

  /** Pushes to one connection, and takes it off the waiting ones unless something is left that it may get soon. */
  #pushTo(following: Following, subscribed: (room: string, client: string) => boolean): void {
    const { member, tops } = following;
    for (const room of tops.keys()) if (subscribed(room, member.client)) tops.delete(room);
    const rooms = [...tops].slice(0, MOST_ROOMS).map(([room, top]) => ({ room, top }));
    if (rooms.length === 0 || member.isBackground) {
      this.#waiting.delete(following);
      return;
    }
    const data = Buffer.from(JSON.stringify({ type: 'bump', rooms }));
    if (!member.offer(this.#options.codecs[member.encoding].push({ type: 'message', data }))) return;
    this.#options.pushed();
    for (const { room } of rooms) tops.delete(room);
    if (tops.size === 0) this.#waiting.delete(following);
  }

  /** Tells who is subscribed to a room. Reads each room once, however many connections ask. */
  #subscribed(): (room: string, client: string) => boolean {
    const clients = new Map<string, ReadonlySet<string>>();
    return (room, client) => {
      const known = clients.get(room) ?? new Set([...this.#options.subscribers(room)].map(each => each.client));
      clients.set(room, known);
      return known.has(client);
    };
  }
}
