import type { Member } from '../room/member.ts';
import type { Rooms } from '../room/rooms.ts';
import type { Moment } from '../time/clock.ts';
import { OwnShards } from './shards.ts';
import { digestOf, type UserDigest } from './users.ts';
import type { Part, Wanted } from './wire.ts';

export interface OwnOptions {
  readonly rooms: Rooms;
  readonly now: () => Moment;
  /** Called when {@link Own.shards} has something to say. */
  readonly changed: () => void;
}

/** Connections above which the users of a room are counted at most once a second: a count of 50,000 takes 5 ms. */
const LARGE_ROOM = 1_000;
const COUNT_AGE_MS = 1_000;
/** Members in one part of an answer: with the longest names below 200 kB. */
const PART_MEMBERS = 100;

interface Counted {
  readonly at: number;
  readonly users: ReadonlySet<string>;
}

/** This gateway's own connections in its rooms: always as they are now. */
export class Own {
  readonly shards = new OwnShards();
  readonly #options: OwnOptions;
  /** Subscribed, but still recovering, so that the room does not deliver to them yet. */
  readonly #arriving = new Map<string, Set<Member>>();
  readonly #counted = new Map<string, Counted>();

  constructor(options: OwnOptions) {
    this.#options = options;
  }

  entered(room: string, member: Member): void {
    const arriving = this.#arriving.get(room) ?? new Set();
    this.#arriving.set(room, arriving.add(member));
    if (this.shards.enter(room)) this.#options.changed();
  }

  /** The room delivers to the member from now on, or it has left. */
  arrived(room: string, member: Member): void {
    const arriving = this.#arriving.get(room);
    if (arriving?.delete(member) && arriving.size === 0) this.#arriving.delete(room);
  }

  left(room: string, member: Member): void {
    this.arrived(room, member);
    if (this.shards.leave(room)) this.#options.changed();
  }

  clients(room: string): number {
    const members = this.#options.rooms.find(room)?.members;
    let count = members?.size ?? 0;
    for (const member of this.#arriving.get(room) ?? []) if (!members?.has(member)) count += 1;
    return count;
  }

  *members(room: string): Iterable<Member> {
    const members = this.#options.rooms.find(room)?.members;
    if (members) yield* members;
    for (const member of this.#arriving.get(room) ?? []) if (!members?.has(member)) yield member;
  }

  /** Distinct users; of a room with more than 1,000 connections here they may be a second old. */
  users(room: string): ReadonlySet<string> {
    const now = this.#options.now();
    const counted = this.#counted.get(room);
    if (counted && now - counted.at <= COUNT_AGE_MS) return counted.users;
    const users = new Set<string>();
    for (const { user } of this.members(room)) users.add(user);
    if (this.clients(room) > LARGE_ROOM) this.#counted.set(room, { at: now, users });
    return users;
  }

  digest(room: string): UserDigest {
    return digestOf(this.users(room));
  }

  /** Forgets counts that have become old. */
  sweep(): void {
    const now = this.#options.now();
    for (const [room, { at }] of this.#counted) if (now - at > COUNT_AGE_MS) this.#counted.delete(room);
  }

  /** The answer to a question, in messages of at most `maxBytes` as far as one part allows. */
  answer(rooms: readonly Wanted[], maxBytes: number): string[] {
    const messages: string[] = [];
    let parts: string[] = [];
    let bytes = 0;
    const say = (last: boolean) => {
      messages.push(`{"parts":[${parts.join(',')}],"last":${last}}`);
      parts = [];
      bytes = 0;
    };
    for (const [index, wanted] of rooms.entries())
      for (const part of this.#parts(index, wanted)) {
        const text = JSON.stringify(part);
        const size = Buffer.byteLength(text) + 1;
        if (bytes + size > maxBytes && parts.length > 0) say(false);
        parts.push(text);
        bytes += size;
      }
    say(true);
    return messages;
  }

  *#parts(index: number, { room, most, users }: Wanted): Iterable<Part> {
    const clients = this.clients(room);
    if (clients === 0) return;
    const head = { room: index, clients, ...(users ? { users: this.digest(room) } : {}) };
    if (clients > most) {
      yield head;
      return;
    }
    let members: [string, string][] = [];
    for (const { client, user } of this.members(room)) {
      members.push([client, user]);
      if (members.length < PART_MEMBERS) continue;
      yield { room: index, clients, members };
      members = [];
    }
    yield { ...head, members };
  }
}
