import { Rate } from '../time/rate.ts';

/** Use of one gateway by all connections of a user. */
export interface User {
  readonly name: string;
  connections: number;
  /** Bytes of published messages, and rooms opened; null before the first. */
  published: Rate | null;
  rooms: Rate | null;
  /** Moment at which the last connection closed. */
  leftAt: number;
}

/** Time for which a user without connections is remembered, in ms: connecting again must not fill the buckets. */
const REMEMBERED_MS = 10_000;

/** The users of a gateway, while they are connected and {@link REMEMBERED_MS} longer. */
export class Users {
  readonly #users = new Map<string, User>();
  readonly #left = new Set<User>();

  get size(): number {
    return this.#users.size;
  }

  /** Counts one more connection. @returns null when the user has `most` already */
  enter(name: string, most: number, now: number): User | null {
    this.#forget(now);
    const user = this.#users.get(name) ?? { name, connections: 0, published: null, rooms: null, leftAt: 0 };
    if (user.connections >= most) return null;
    user.connections += 1;
    this.#users.set(name, user);
    this.#left.delete(user);
    return user;
  }

  /** Use by a user who may have no connection: one without is remembered like one that has just left. */
  of(name: string, now: number): User {
    const known = this.#users.get(name);
    if (known && known.connections > 0) return known;
    this.#forget(now);
    const user = this.#users.get(name) ?? { name, connections: 0, published: null, rooms: null, leftAt: now };
    user.leftAt = now;
    this.#left.delete(user); // the set is in the order of `leftAt`
    this.#left.add(user);
    this.#users.set(name, user);
    return user;
  }

  /** Counts one connection fewer. */
  leave(user: User, now: number): void {
    user.connections -= 1;
    if (user.connections > 0) return;
    if (!user.published && !user.rooms) return void this.#users.delete(user.name);
    user.leftAt = now;
    this.#left.add(user);
    this.#forget(now);
  }

  #forget(now: number): void {
    for (const user of this.#left) {
      if (now - user.leftAt < REMEMBERED_MS) return;
      this.#left.delete(user);
      this.#users.delete(user.name);
    }
  }
}

/** Seconds of a rate that may be used at once. The buckets are full again within {@link REMEMBERED_MS}. */
export const BURST_SECONDS = REMEMBERED_MS / 1_000;

/** Takes bytes of a message that a user publishes; above the burst they count as the burst. @returns false if too many */
export function takePublished(user: User, bytes: number, perSecond: number, now: number): boolean {
  const burst = perSecond * BURST_SECONDS;
  user.published ??= new Rate(burst, now);
  return user.published.take(now, perSecond, burst, Math.min(bytes, burst));
}

/** Takes one of the rooms a user may open. @returns false if none is left */
export function takeRoom(user: User, perSecond: number, now: number): boolean {
  const burst = perSecond * BURST_SECONDS;
  user.rooms ??= new Rate(burst, now);
  return user.rooms.take(now, perSecond, burst);
}
