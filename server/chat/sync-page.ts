import type { MarksPosition, StoredMark } from '../membership/mark-store.ts';
import { ReadFailed } from '../room/log.ts';
import { readLastOffsets } from '../room/places.ts';
import type { Chat } from './chat.ts';
import { type ListedRoom, listedRooms, type OwnRoom, ownRooms } from './listed-rooms.ts';
import {
  type KnownPartition,
  keyOf,
  type MarksPlace,
  type SyncCursor,
  type Unfinished,
  versionOf,
} from './sync-cursor.ts';

/** Marks of the caller in a room. */
interface RisenMark {
  readonly room: string;
  readonly read: number;
  readonly delivered: number;
}

/** Changes of the rooms of a user since a cursor. */
export interface SyncPage {
  readonly cursor: SyncCursor;
  readonly rooms: readonly ListedRoom[];
  readonly left: readonly string[];
  readonly marks: readonly RisenMark[];
  readonly reset: readonly number[];
  readonly more: boolean;
}

interface Marks {
  readonly of: ReadonlyMap<string, StoredMark | null>;
  /** Place that the cursor goes on from once the page is the last one. */
  readonly place: MarksPlace | null;
  /** Revision above which a mark has risen. */
  readonly above: number;
}

/** A page that is being filled. */
interface Draft {
  readonly changed: OwnRoom[];
  readonly marks: RisenMark[];
  readonly left: string[];
  readonly reset: number[];
}

/**
 * Finds what has changed of the rooms of a user since a cursor, partition by partition.
 *
 * A partition's place is read from the leader before the rooms' last offsets, and these from a replica that has reached it: what is
 * stored later is above the place. The documents of users and the names in MongoDB may lag behind the log, so the cursor names the rooms
 * that the client has, with the user's relation to them, and a name that lags is read from the log: neither depends on the place.
 * @param limit most rooms and marks of the page
 * @throws {ReadFailed} if NATS does not answer, {@link StoreUnavailable} if MongoDB is needed for the rooms of the user and does not
 */
export async function syncPage(chat: Chat, user: string, from: SyncCursor, limit: number): Promise<SyncPage> {
  const own = ownRooms(await chat.userRooms.of(user));
  const mine = Map.groupBy(own, ({ room }) => chat.log.partitionOf(room));
  const begin = from.unfinished?.partition ?? 0;
  const partitions = [...new Set([...mine.keys(), ...from.partitions.keys()])]
    .filter(partition => partition >= begin)
    .sort((a, b) => a - b);
  const states = new Map(
    await Promise.all(
      partitions
        .filter(partition => mine.has(partition))
        .map(async partition => [partition, await chat.log.state(partition)] as const),
    ),
  );
  const marks = await marksSince(chat, user, own, from);
  const left = leftNames(chat, user);
  const known = new Map(from.partitions);
  const draft: Draft = { changed: [], marks: [], left: [], reset: [] };
  let unfinished: Unfinished | null = null;
  for (const partition of partitions) {
    const rooms = (mine.get(partition) ?? []).toSorted((a, b) => (a.room < b.room ? -1 : 1));
    const at = { partition, rooms, before: await withoutLeft(known.get(partition), rooms, left, draft) };
    const { epoch, last } = states.get(partition) ?? { epoch: '', last: 0 };
    if (rooms.length === 0) {
      // Of rooms that cannot be named the client learns by the reset: none of the partition comes.
      if (at.before === null) draft.reset.push(partition);
      known.delete(partition);
      continue;
    }
    const resumed = from.unfinished?.partition === partition ? from.unfinished : null;
    const next = await fill(chat, { ...at, epoch: keyOf(epoch), last, resumed, limit, marks }, draft);
    known.set(partition, next.known);
    if (next.after === null) continue;
    unfinished = { partition, ...next.target, after: next.after, marks: from.unfinished?.marks ?? marks.place };
    break;
  }
  const deleted = new Set<string>();
  const rooms = await listedRooms(chat, user, draft.changed, {
    marks: marks.of,
    deleted: room => void deleted.add(room),
  });
  const partitionsNow = new Map(
    [...known].map(([partition, each]) => [partition, without(each, new Set([...deleted].map(keyOf)))] as const),
  );
  const marksNow = unfinished ? from.marks : (from.unfinished?.marks ?? marks.place);
  return {
    cursor: { marks: marksNow, partitions: partitionsNow, unfinished },
    rooms,
    left: [...draft.left, ...deleted],
    marks: draft.marks,
    reset: draft.reset,
    more: unfinished !== null,
  };
}

interface Filling {
  readonly partition: number;
  /** Rooms of the user, by name. */
  readonly rooms: readonly OwnRoom[];
  /** Knowledge of the client; undefined for nothing, null if that cannot be brought up to date: the partition comes whole. */
  readonly before: KnownPartition | null | undefined;
  readonly epoch: number;
  readonly last: number;
  readonly resumed: Unfinished | null;
  readonly limit: number;
  readonly marks: Marks;
}

interface Filled {
  readonly known: KnownPartition;
  readonly target: Pick<Unfinished, 'epoch' | 'offset'>;
  /** Last room that is through, if the page is full before the end of the partition. */
  readonly after: string | null;
}

/** Adds the changed rooms of a partition to a page, until it is full. */
async function fill(chat: Chat, filling: Filling, draft: Draft): Promise<Filled> {
  const { partition, rooms, before, epoch, last, limit, marks } = filling;
  const isReset = before !== undefined && before?.epoch !== epoch;
  if (isReset) draft.reset.push(partition);
  const known: KnownPartition = before && !isReset ? before : { epoch, offset: 0, rooms: new Map() };
  const resumed = !isReset && filling.resumed?.epoch === epoch ? filling.resumed : null;
  const target = { epoch, offset: resumed?.offset ?? last };
  const rest = rooms.filter(({ room }) => room > (resumed?.after ?? ''));
  const names = rest.map(({ room }) => room);
  const offsets =
    last === known.offset ? new Map<string, number>() : await readLastOffsets(chat, partition, names, last);
  const now = new Map(known.rooms);
  let after = resumed?.after ?? '';
  for (const own of rest) {
    if (draft.changed.length + draft.marks.length >= limit) return { known: { ...known, rooms: now }, target, after };
    const [key, version] = [keyOf(own.room), versionOf(relationOf(own))];
    const mark = marks.of.get(own.room);
    if (now.get(key) !== version || (offsets.get(own.room) ?? 0) > known.offset) draft.changed.push(own);
    else if (mark && mark.revision > marks.above)
      draft.marks.push({ room: own.room, read: mark.read, delivered: mark.delivered });
    now.set(key, version);
    after = own.room;
  }
  return { known: { ...target, rooms: now }, target, after: null };
}

/** Text of what the document of a user says of a room: another one after each change. */
const relationOf = ({ state, rank, since, cv, own = 0 }: OwnRoom) => JSON.stringify([state, rank, since, cv, own]);

/**
 * Takes the rooms that are not the user's any more out of what the client knows, and adds their names to the page.
 * @returns null if one of them cannot be named
 */
async function withoutLeft(
  known: KnownPartition | undefined,
  rooms: readonly OwnRoom[],
  left: () => Promise<ReadonlyMap<number, string>>,
  draft: Draft,
): Promise<KnownPartition | null | undefined> {
  if (!known) return undefined;
  const having = new Set(rooms.map(({ room }) => keyOf(room)));
  const gone = [...known.rooms.keys()].filter(key => !having.has(key));
  if (gone.length === 0) return known;
  const byKey = await left();
  const names = gone.flatMap(key => byKey.get(key) ?? []);
  if (names.length < gone.length) return null;
  draft.left.push(...names);
  return without(known, new Set(gone));
}

const without = (known: KnownPartition, gone: ReadonlySet<number>): KnownPartition =>
  gone.size === 0 ? known : { ...known, rooms: new Map([...known.rooms].filter(([key]) => !gone.has(key))) };

/** Reads, once and only if asked, names of rooms that a user has left, by their keys. */
function leftNames({ userRooms }: Pick<Chat, 'userRooms'>, user: string) {
  let read: Promise<ReadonlyMap<number, string>> | null = null;
  return () => {
    read ??= userRooms.left(user).then(rooms => new Map(rooms.map(room => [keyOf(room), room] as const)));
    return read;
  };
}

/**
 * Reads the own marks, and the place up to which these are all. Without MongoDB: where NATS has none they are not known. Beside workers
 * of a release before marks there are none.
 */
async function marksSince(
  { marks }: Pick<Chat, 'marks'>,
  user: string,
  own: readonly OwnRoom[],
  from: SyncCursor,
): Promise<Marks> {
  try {
    const place = placeOf(await marks.position());
    const { marks: found, isWhole } = await marks.kept(own.map(({ room }) => ({ user, room })));
    const above = from.marks?.epoch === place.epoch ? from.marks.sequence : 0;
    return {
      of: new Map(own.map(({ room }, index) => [room, found[index] ?? null])),
      place: isWhole ? place : from.marks,
      above,
    };
  } catch (error) {
    if (!(error instanceof ReadFailed)) throw error;
    return { of: new Map(), place: from.marks, above: Number.POSITIVE_INFINITY };
  }
}

const placeOf = ({ epoch, sequence }: MarksPosition): MarksPlace => ({ epoch: keyOf(epoch), sequence });
