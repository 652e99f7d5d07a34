import type { AnyBulkWriteOperation, Collection } from 'mongodb';
import { changedUsers } from '../fold/changed-users.ts';
import type { ControlEntry } from '../fold/control.ts';
import { foldControl } from '../fold/control-fold.ts';
import { type Membership, NO_ROOM, type RoomState, tellsOf } from '../fold/room-state.ts';
import { readRoomState, roomStateJson } from '../fold/room-state-json.ts';
import type { OwnMembership, RoomControlEntry } from '../room/room-changes.ts';
import { indexNew, missingIndexes } from './indexes.ts';
import { READ } from './mongo-connection.ts';
import { where } from './queries.ts';
import { type MemberDocument, memberId, placeOf, type RoomDocument, roomKey } from './room-documents.ts';
import { writeAll } from './write-all.ts';

/** Collections that are written here. */
export interface RoomCollections {
  rooms(): Promise<Collection<RoomDocument>>;
  members(): Promise<Collection<MemberDocument>>;
}

/** A membership with the offset of the entry that it comes from. */
interface Change {
  readonly user: string;
  readonly known: Membership;
  readonly at: number;
  /** False for a rank of a user whom the state did not list: it says nothing about the join. */
  readonly isJoinKnown: boolean;
}

const LEFT: Omit<Membership, 'cv'> = { rank: 'member', state: 'left', since: 0, mutedUntil: 0, bannedUntil: 0 };

/**
 * Collections `rooms` and `members`. Members are written before their room: after a failure between the two, the room has the older
 * version, and the entries make the same members again. Its methods reject with errors of the driver.
 */
export class Rooms {
  readonly #collections: RoomCollections;
  /** Look at new collections, pending or done. */
  #indexed: Promise<void> | null = null;

  constructor(collections: RoomCollections) {
    this.#collections = collections;
  }

  /** See {@link RoomWriter.applyRooms}. */
  async apply(controls: readonly RoomControlEntry[], own: readonly OwnMembership[]): Promise<void> {
    if (controls.length + own.length > 0) await this.#prepare();
    for (const [room, entries] of Map.groupBy(controls, ({ room }) => room))
      await this.#fold(
        room,
        entries.map(({ entry }) => entry),
      );
    if (own.length > 0) await writeAll(await this.#collections.members(), lastOf(own).map(ownWrite));
  }

  /** State of a room; null for none. */
  async state(room: string): Promise<RoomState | null> {
    const rooms = await this.#collections.rooms();
    const document = await rooms.findOne(where('rooms.one', { _id: room }), READ);
    return document && readRoomState(document.state);
  }

  /** Names of indexes that the collections should have and do not have. */
  async missingIndexes(): Promise<readonly string[]> {
    await this.#indexed;
    const { rooms, members } = this.#collections;
    return [...((await missingIndexes(await rooms())) ?? []), ...((await missingIndexes(await members())) ?? [])];
  }

  /** Builds the indexes of new collections before their first documents. */
  #prepare(): Promise<void> {
    const { rooms, members } = this.#collections;
    this.#indexed ??= Promise.all([rooms().then(indexNew), members().then(indexNew)]).then(
      () => undefined,
      error => {
        this.#indexed = null;
        throw error;
      },
    );
    return this.#indexed;
  }

  async #fold(room: string, entries: readonly ControlEntry[]): Promise<void> {
    const before = (await this.state(room)) ?? NO_ROOM;
    const changes = new Map<string, Change>();
    let state = before;
    for (const entry of entries) {
      const next = foldControl(state, entry);
      for (const user of next === state ? [] : changedUsers(state, next)) {
        const known = next.members.get(user) ?? { ...LEFT, cv: next.cv };
        const isRankAlone = known.since === 0 && known.state === 'member' && mayBeMember(state, user);
        changes.set(user, together(changes.get(user), { user, known, at: next.at, isJoinKnown: !isRankAlone }));
      }
      state = next;
    }
    if (state === before) return;
    const writes = [...changes.values()].flatMap(change => memberWrites(room, change));
    if (writes.length > 0) await writeAll(await this.#collections.members(), writes);
    await writeAll(await this.#collections.rooms(), [roomWrite(room, state)]);
  }
}

const mayBeMember = (state: RoomState, user: string): boolean =>
  !tellsOf(state, user) || state.members.get(user)?.state === 'member';

/** Changes of a user one after the other: the state may have forgotten the first one before the second. */
function together(first: Change | undefined, second: Change): Change {
  if (!first) return second;
  if (second.known.cv === 0) {
    const known = { ...first.known, mutedUntil: second.known.mutedUntil };
    return { ...first, known, at: second.at };
  }
  if (second.isJoinKnown) return second;
  return { ...second, known: { ...second.known, since: first.known.since }, isJoinKnown: first.isJoinKnown };
}

/** Write of a room, unless it has a later version. */
function roomWrite(room: string, state: RoomState): AnyBulkWriteOperation<RoomDocument> {
  const { cv, at, deleted, name } = state;
  const kind = room.slice(0, room.indexOf(':'));
  const filter = where<'rooms.write', RoomDocument>('rooms.write', { _id: room, cv: { $lt: cv } });
  const fields = { cv, at, kind, deleted, key: roomKey(name, room), name, state: roomStateJson(state) };
  return { updateOne: { filter, update: { $set: fields }, upsert: true } };
}

/**
 * Writes of a member by a control entry, unless a later one wrote it. A user's own join or leave that had seen the entry keeps its
 * word on the membership; rank and mute are the room's in any case.
 */
function memberWrites(room: string, change: Change): AnyBulkWriteOperation<MemberDocument>[] {
  const { user, known, at, isJoinKnown } = change;
  const { rank, state, since, cv, mutedUntil, bannedUntil } = known;
  const ranked = { rank, key: placeOf({ rank, user }) };
  const muted = { room, user, mutedUntil, bannedUntil, at };
  // On a user whom the state did not list, a mute says nothing about the membership, and a rank nothing about the join.
  const isMuteAlone = cv === 0;
  const always = isMuteAlone ? muted : { ...muted, ...ranked };
  const update = isMuteAlone
    ? { $set: muted, $setOnInsert: { ...ranked, state, since, cv } }
    : isJoinKnown
      ? { $set: { ...always, state, since, cv } }
      : { $set: { ...always, state, cv }, $setOnInsert: { since } };
  return [
    byControl(room, change, { $not: { $gte: cv === 0 ? Number.MAX_SAFE_INTEGER : cv } }, { update, upsert: true }),
    byControl(room, change, { $gte: cv }, { update: { $set: always } }),
  ];
}

/** One write of a member. @param seen condition on the version that the user's own last join or leave had seen */
function byControl(room: string, { user, at }: Change, seen: object, write: { update: object; upsert?: true }) {
  const _id = memberId(room, user);
  const filter = where<'members.control', MemberDocument>('members.control', { _id, at: { $not: { $gte: at } }, seen });
  return { updateOne: { filter, ...write } } as AnyBulkWriteOperation<MemberDocument>;
}

/** The last join or leave of each user for each room. */
function lastOf(own: readonly OwnMembership[]): OwnMembership[] {
  const last = new Map<string, OwnMembership>();
  for (const entry of own) {
    const key = memberId(entry.room, entry.user);
    if ((last.get(key)?.offset ?? 0) < entry.offset) last.set(key, entry);
  }
  return [...last.values()];
}

/** Write of a user's own join or leave, unless a later one or a control entry that it had not seen counts. */
function ownWrite({ user, room, offset, on, since, seen }: OwnMembership): AnyBulkWriteOperation<MemberDocument> {
  const filter = where<'members.own', MemberDocument>('members.own', {
    _id: memberId(room, user),
    own: { $not: { $gte: offset } } as never,
    cv: { $not: { $gt: seen } } as never,
  });
  const rank = 'member';
  const update = {
    $set: { room, user, state: on ? 'member' : 'left', since, seen, own: offset },
    $setOnInsert: { rank, key: placeOf({ rank, user }), cv: 0, at: 0, mutedUntil: 0, bannedUntil: 0 },
  };
  return { updateOne: { filter, update: update as never, upsert: true } };
}
