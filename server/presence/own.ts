import type { Member } from '../room/member.ts';
import type { Rooms } from '../room/rooms.ts';
import type { Moment } from '../time/clock.ts';
import { OwnShards } from './shards.ts';
import { digestOf, type UserDigest } from './users.ts';
import type { ListedMember, Part, Wanted } from './wire.ts';

export interface OwnOptions {
  readonly rooms: Rooms;
  readonly isHidden: (user: string) => boolean;
  readonly now: () => Moment;
  /** Called when {@link Own.shards} has a change to send. */
  readonly changed: () => void;
}

/** Connections above which the users of a room are counted at most once a second: a count of 50,000 takes 5 ms. */
const LARGE_ROOM = 1_000;
const COUNT_AGE_MS = 1_000;
/** Members in one part of an answer: less than 200 kB with the longest names. */
const PART_MEMBERS = 100;

interface Counted {
  readonly at: number;
  readonly users: ReadonlySet<string>;
}

/** Connections of this gateway in its rooms, as of now. */
export class Own {
  readonly shards = new OwnShards();
  readonly #options: OwnOptions;
  /** Members that are still recovering: the room does not deliver to them yet. */
  readonly #arriving = new Map<string, Set<Member>>();
  /** Connections of invisible users, by room. */
  readonly #hidden = new Map<string, Set<Member>>();
  readonly #counted = new Map<string, Counted>();

  constructor(options: OwnOptions) {
    this.#options = options;
  }

  /** Adds a member that subscribes. */
  entered(room: string, member: Member): void {
    const arriving = this.#arriving.get(room) ?? new Set();
    this.#arriving.set(room, arriving.add(member));
    if (this.#options.isHidden(member.user)) this.shown(room, member, false);
    if (this.shards.enter(room)) this.#options.changed();
  }

  /** Takes note that the room delivers to the member from now on, or that it has left. */
  arrived(room: string, member: Member): void {
    const arriving = this.#arriving.get(room);
    if (arriving?.delete(member) && arriving.size === 0) this.#arriving.delete(room);
  }

  /** Removes a member. */
  left(room: string, member: Member): void {
    this.arrived(room, member);
    this.shown(room, member, true);
    if (this.shards.leave(room)) this.#options.changed();
  }

  /** Takes note that the user of a member is invisible from now on, or not any more. */
  shown(room: string, member: Member, isShown: boolean): void {
    const hidden = this.#hidden.get(room);
    if (!isShown) this.#hidden.set(room, (hidden ?? new Set()).add(member));
    else if (hidden?.delete(member) && hidden.size === 0) this.#hidden.delete(room);
    if (!isShown || hidden) this.#counted.delete(room);
  }

  isHidden(room: string, member: Member): boolean {
    return this.#hidden.get(room)?.has(member) === true;
  }

  /** Number of connections of invisible users in a room. */
  hidden(room: string): number {
    return this.#hidden.get(room)?.size ?? 0;
  }

  /** Number of connections in a room. */
  clients(room: string): number {
    const members = this.#options.rooms.find(room)?.members;
    let count = members?.size ?? 0;
    for (const member of this.#arriving.get(room) ?? []) if (!members?.has(member)) count += 1;
    return count;
  }

  /** Connections in a room. */
  *members(room: string): Iterable<Member> {
    const members = this.#options.rooms.find(room)?.members;
    if (members) yield* members;
    for (const member of this.#arriving.get(room) ?? []) if (!members?.has(member)) yield member;
  }

  /** Connections in a room, without those of invisible users. */
  *shownMembers(room: string): Iterable<Member> {
    const hidden = this.#hidden.get(room);
    for (const member of this.members(room)) if (!hidden?.has(member)) yield member;
  }

  /** Distinct users of a room, without invisible ones. Up to a second old in a room with more than 1,000 connections here. */
  users(room: string): ReadonlySet<string> {
    const now = this.#options.now();
    const counted = this.#counted.get(room);
    if (counted && now - counted.at <= COUNT_AGE_MS) return counted.users;
    const users = new Set<string>();
    for (const { user } of this.shownMembers(room)) users.add(user);
    if (this.clients(room) > LARGE_ROOM) this.#counted.set(room, { at: now, users });
    return users;
  }

  /** Users of a room in the form of an answer. */
  digest(room: string): UserDigest {
    return digestOf(this.users(room));
  }

  /** Removes old counts. */
  sweep(): void {
    const now = this.#options.now();
    for (const [room, { at }] of this.#counted) if (now - at > COUNT_AGE_MS) this.#counted.delete(room);
  }

  /** Answers a question, in messages of at most `maxBytes` unless one part is larger. */
  answer(rooms: readonly Wanted[], maxBytes: number): string[] {
    const messages: string[] = [];
    let parts: string[] = [];
    let bytes = 0;
    const flush = (last: boolean) => {
      messages.push(`{"parts":[${parts.join(',')}],"last":${last}}`);
      parts = [];
      bytes = 0;
    };
    for (const [index, wanted] of rooms.entries())
      for (const part of this.#parts(index, wanted)) {
        const text = JSON.stringify(part);
        const size = Buffer.byteLength(text) + 1;
        if (bytes + size > maxBytes && parts.length > 0) flush(false);
        parts.push(text);
        bytes += size;
      }
    flush(true);
    return messages;
  }

  *#parts(index: number, { room, most, users }: Wanted): Iterable<Part> {
    const clients = this.clients(room);
    if (clients === 0) return;
    const hidden = this.hidden(room);
    const head = {
      room: index,
      clients,
      ...(hidden > 0 ? { hidden } : {}),
      ...(users ? { users: this.digest(room) } : {}),
    };
    if (clients > most) {
      yield head;
      return;
    }
    let members: ListedMember[] = [];
    for (const { client, user, isBackground } of this.members(room)) {
      const flags = Number(isBackground) + 2 * Number(this.#options.isHidden(user));
      members.push(flags > 0 ? [client, user, flags] : [client, user]);
      if (members.length < PART_MEMBERS) continue;
      yield { room: index, clients, members };
      members = [];
    }
    yield { ...head, members };
  }
}
