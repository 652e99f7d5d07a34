import { RANKS, type Rank } from '../fold/control.ts';
import { DIRECT_KIND, otherIn } from '../fold/direct.ts';
import { NO_ROOM, type RoomState, type Standing } from '../fold/room-state.ts';
import { readRoomState } from '../fold/room-state-json.ts';
import type { ListedMember, ListedRoom, MemberPage, RoomPage } from '../membership/directory.ts';
import type { UserRoom } from '../membership/room-states.ts';
import { READ } from './mongo-connection.ts';
import { where } from './queries.ts';
import { type MemberDocument, placeOf, rankDigit } from './room-documents.ts';
import type { RoomCollections } from './rooms.ts';

/** Rooms of one read by name: a longer list of values makes a filter that some servers are slow with. */
const CHUNK = 100;
/** Relations in which a user has a room. */
const HAVING: readonly Standing[] = ['invited', 'member', 'requested'];
/** Relations in which a user has a room no more. */
const OUT: readonly Standing[] = ['banned', 'left'];
/** Rooms that are read of those that one user has left: documents of users remember fewer, and few users have left more. */
const MOST_OUT = 1_000;
const LEFT = { rank: 'member', state: 'left', since: 0 } as const;

/** Reads of the collections `rooms` and `members`. Its methods reject with errors of the driver. */
export class Directory {
  readonly #collections: RoomCollections;

  constructor(collections: RoomCollections) {
    this.#collections = collections;
  }

  /** See {@link RoomDirectory.listMembers}. */
  async members(room: string, { after, limit, rank, prefix = '' }: MemberPage): Promise<ListedMember[]> {
    const members = await this.#collections.members();
    const found: MemberDocument[] = [];
    const place = after && placeOf(after);
    // A prefix of users is a range of keys within one rank.
    for (const from of prefix === '' && rank === undefined ? [null] : rank === undefined ? RANKS : [rank]) {
      if (found.length === limit) break;
      const key = keysOf(from, prefix, place);
      if (key === null) continue;
      const page = members
        .find(where('members.page', { room, state: 'member', key }), READ)
        .sort({ key: 1 })
        .limit(limit - found.length);
      found.push(...(await page.toArray()));
    }
    return found.map(({ user, rank: of, since }) => ({ user, rank: of, since }));
  }

  /** See {@link RoomDirectory.listRooms}. */
  async rooms({ kind, after, limit, prefix = '' }: RoomPage): Promise<ListedRoom[]> {
    const rooms = await this.#collections.rooms();
    const from = prefix.toLowerCase();
    const key = { ...(after >= from && after !== '' ? { $gt: after } : { $gte: from }), ...below(endOf(from)) };
    const found = await rooms
      .find(where('rooms.page', { kind, deleted: false, key }), READ)
      .sort({ key: 1 })
      .limit(limit)
      .toArray();
    return found.flatMap(({ _id: room, key: place, state }) => {
      const read = readRoomState(state);
      return read
        ? [{ room, name: read.name, topic: read.topic, avatar: read.avatar, members: read.count, place }]
        : [];
    });
  }

  /** See {@link RoomDirectory.roomNames}. */
  async names(rooms: readonly string[]): Promise<Map<string, string>> {
    const documents = await this.#some(rooms);
    return new Map(documents.filter(({ deleted }) => !deleted).map(({ _id, name }) => [_id, name]));
  }

  /** See {@link RoomArchive.roomsOf}. */
  async roomsOf(user: string): Promise<Map<string, UserRoom>> {
    const members = await this.#collections.members();
    const inStates = (states: readonly Standing[]) =>
      members.find(where('members.of-user', { user, state: { $in: states } }), READ);
    const found = await Promise.all([inStates(HAVING).toArray(), inStates(OUT).limit(MOST_OUT).toArray()]);
    return (await this.#roomsByUser(found.flat())).get(user) ?? new Map();
  }

  /** See {@link MembershipArchive.allRooms}. */
  async all(after: string, limit: number): Promise<readonly (readonly [string, RoomState])[]> {
    const rooms = await this.#collections.rooms();
    const found = await rooms
      .find(where('rooms.all', { _id: { $gt: after } }), READ)
      .sort({ _id: 1 })
      .limit(limit)
      .toArray();
    return found.map(({ _id, state }) => [_id, readRoomState(state) ?? NO_ROOM] as const);
  }

  /** See {@link MembershipArchive.allUsers}. */
  async allUsers(after: string, limit: number): Promise<readonly (readonly [string, Map<string, UserRoom>])[]> {
    const members = await this.#collections.members();
    const found = await members
      .find(where('members.all', { user: { $gt: after } }), READ)
      .sort({ user: 1 })
      .limit(limit)
      .toArray();
    const last = found.at(-1)?.user;
    if (last === undefined) return [];
    // Of the last user the page perhaps lacks some.
    const whole = found.length < limit ? found : found.filter(({ user }) => user !== last);
    if (whole.length === 0) return [[last, await this.roomsOf(last)]];
    const rooms = await this.#roomsByUser(whole);
    return [...new Set(whole.map(({ user }) => user))].map(user => [user, rooms.get(user) ?? new Map()]);
  }

  async #roomsByUser(found: readonly MemberDocument[]): Promise<Map<string, Map<string, UserRoom>>> {
    const names = [...new Set(found.map(({ room }) => room))];
    const [documents, ofTwo] = await Promise.all([this.#some(names), this.#statesOfTwo(names)]);
    const deleted = new Set(documents.flatMap(({ _id, deleted }) => (deleted ? [_id] : [])));
    const users = new Map<string, Map<string, UserRoom>>();
    for (const { user, room, rank, state, since, cv, seen = 0, own } of found.toSorted(byChange)) {
      if (deleted.has(room)) continue;
      const rooms = users.get(user) ?? new Map<string, UserRoom>();
      users.set(user, rooms);
      const kind = room.slice(0, room.indexOf(':'));
      const isOwn = own !== undefined && seen >= cv;
      const relation = OUT.includes(state) ? LEFT : { rank, state, since };
      const other = otherIn(ofTwo.get(room) ?? NO_ROOM, user);
      const more = { ...(isOwn ? { own } : {}), ...(other === undefined ? {} : { other }) };
      rooms.set(room, { ...relation, cv: Math.max(cv, seen), kind, ...more });
    }
    return users;
  }

  async #some(names: readonly string[]) {
    const rooms = await this.#collections.rooms();
    const projection = { name: 1, deleted: 1 } as const;
    const read = (chunk: readonly string[]) =>
      rooms.find(where('rooms.some', { _id: { $in: chunk } }), { ...READ, projection }).toArray();
    return (await Promise.all(chunksOf(names).map(read))).flat();
  }

  /** States of those of the rooms that two users have; they are small. */
  async #statesOfTwo(names: readonly string[]): Promise<ReadonlyMap<string, RoomState>> {
    const rooms = await this.#collections.rooms();
    const read = (chunk: readonly string[]) => rooms.find(where('rooms.some', { _id: { $in: chunk } }), READ).toArray();
    const ofTwo = names.filter(name => name.startsWith(`${DIRECT_KIND}:`));
    const found = (await Promise.all(chunksOf(ofTwo).map(read))).flat();
    return new Map(found.map(({ _id, state }) => [_id, readRoomState(state) ?? NO_ROOM]));
  }
}

const chunksOf = (names: readonly string[]): (readonly string[])[] =>
  Array.from({ length: Math.ceil(names.length / CHUNK) }, (_, i) => names.slice(i * CHUNK, (i + 1) * CHUNK));

/** Order of the last changes, as far as offsets of two partitions tell. */
const byChange = (one: MemberDocument, other: MemberDocument) => changedAt(one) - changedAt(other);
const changedAt = ({ at, own = 0 }: MemberDocument) => Math.max(at, own);

/** Range of keys; null if nothing in it is after `place`. */
function keysOf(rank: Rank | null, prefix: string, place: string | null) {
  if (rank === null) return place === null ? { $gte: '' } : { $gt: place };
  const from = rankDigit(rank) + prefix;
  const end = endOf(from);
  if (place !== null && end !== null && place >= end) return null;
  return { ...(place !== null && place >= from ? { $gt: place } : { $gte: from }), ...below(end) };
}

const below = (end: string | null) => (end === null ? {} : { $lt: end });

/** First text after all that begin with a prefix, in the order of code points; null if there is none. */
function endOf(prefix: string): string | null {
  const points = [...prefix];
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const next = (last.codePointAt(0) ?? 0) + 1;
    // Surrogates are no code points of their own.
    if (next <= 0x10_ffff) return points.join('') + String.fromCodePoint(next === 0xd800 ? 0xe000 : next);
  }
  return null;
}
