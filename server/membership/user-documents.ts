import type { Control, ControlEntry } from '../fold/control.ts';
import { otherIn } from '../fold/direct.ts';
import { standingAfter } from '../fold/membership-notice.ts';
import { type RoomState, tellsOf } from '../fold/room-state.ts';
import { readMembership } from '../fold/room-state-json.ts';
import type { OwnMembership } from '../room/room-changes.ts';
import type { PolicyEntry, PolicyStore } from './policy-store.ts';
import { changeKey } from './policy-writes.ts';
import type { UserRoom } from './room-states.ts';

/**
 * Rooms of one value, beside those that it remembers as left: a user with more has further parts. With the longest names a part stays below half of what NATS takes. Verbs
 * limit the rooms of a user; writers do not, because what counts in a room has to be written.
 */
const PART = 500;
/**
 * Rooms that a value remembers as left, so that a writer that is late does not bring them back. The worker, which writes every
 * change once more in the order of the log, puts right what is older.
 */
const MOST_LEFT = 64;

/** Rooms of a user, in JSON. */
interface UserDocument {
  readonly rooms: Readonly<Record<string, UserRoom>>;
  /** Parts that follow the first one. Default 0. */
  readonly parts?: number;
}

const EMPTY: UserDocument = { rooms: {} };

/**
 * Entry of a user's document that follows from the state of a room. Pure.
 * @returns null if the state does not tell, see {@link tellsOf}: the document has to stay as it is
 */
export function userRoomOf(room: RoomState, user: string): UserRoom | null {
  const { kind, deleted } = room;
  const known = room.members.get(user);
  if (deleted || (!known && room.full)) return leftAt(room.cv, kind);
  if (!known || !tellsOf(room, user)) return null;
  const { state, rank, since, cv } = known;
  if (state === 'left' || state === 'banned') return leftAt(cv, kind);
  const other = otherIn(room, user);
  return { state, rank, since, cv, kind, ...(other === undefined ? {} : { other }) };
}

/**
 * Entry of a user's document that follows from an entry of a room, whatever later ones make of it: for users of whom the state does
 * not tell. Pure.
 * @param entry one that counts
 * @returns null for an entry that does not change the user's relation to the room
 */
export function userRoomAfter(entry: ControlEntry, user: string, kind: string): UserRoom | null {
  const { control, cv, offset } = entry;
  const standing = standingAfter(entry, user);
  if (standing?.state === 'left') return leftAt(cv, kind);
  const named = 'since' in control && control.user === user ? control.since : 0;
  return standing && { ...standing, since: JOINS.has(control.act) ? offset : (named ?? 0), cv, kind };
}

/** Entry of a user's document that follows from the user's own join or leave. Pure. */
export const userRoomByOwn = ({ room, offset, on, since, seen }: Omit<OwnMembership, 'user'>): UserRoom => ({
  state: on ? 'member' : 'left',
  rank: 'member',
  since: on ? since : 0,
  cv: seen,
  kind: room.slice(0, room.indexOf(':')),
  own: offset,
});

const leftAt = (cv: number, kind: string): UserRoom => ({ state: 'left', rank: 'member', since: 0, cv, kind });

/** Acts that make users members. Others that name the rank of a member find one. */
const JOINS: ReadonlySet<Control['act']> = new Set(['create', 'add', 'accept', 'approve', 'join']);

/**
 * Reads all rooms of a user.
 * @param read reads a part
 * @param others what else is known about the user, by room, the surest first: see {@link havingOf}
 * @returns null if the first part is missing
 */
export async function readDocument(
  read: (part: number) => Promise<unknown>,
  ...others: readonly ReadonlyMap<string, UserRoom>[]
): Promise<ReadonlyMap<string, UserRoom> | null> {
  const first = documentOf(await read(0));
  if (!first) return null;
  const parts = await Promise.all(Array.from({ length: first.parts ?? 0 }, (_, index) => read(index + 1)));
  const rooms = new Map<string, UserRoom>();
  // Two who wrote a new room at the same time may have put it into two parts: the later version counts.
  for (const document of [first, ...parts.map(part => documentOf(part) ?? EMPTY)])
    for (const [room, known] of Object.entries(document.rooms))
      if (known.cv >= (rooms.get(room)?.cv ?? 0)) rooms.set(room, known);
  return havingOf(rooms, ...others);
}

/** Reads the names of rooms that a user's document remembers as left. @param read reads a part */
export async function readLeft(read: (part: number) => Promise<unknown>): Promise<readonly string[]> {
  const first = documentOf(await read(0)) ?? EMPTY;
  const parts = await Promise.all(Array.from({ length: first.parts ?? 0 }, (_, index) => read(index + 1)));
  return [first, ...parts.map(part => documentOf(part) ?? EMPTY)].flatMap(({ rooms }) => leftOf(Object.entries(rooms)));
}

/** Names of rooms that are left. Pure. */
export const leftOf = (rooms: Iterable<readonly [string, UserRoom]>): readonly string[] =>
  [...rooms].flatMap(([room, { state }]) => (state === 'left' || state === 'banned' ? [room] : []));

/**
 * Rooms that a user has not left. Of each room the later word counts, as {@link writeUserRoom} has it. Pure.
 * @param sources what is known, by room; of two words of one version that of the first source counts
 */
export function havingOf(...sources: readonly ReadonlyMap<string, UserRoom>[]): ReadonlyMap<string, UserRoom> {
  const all = new Map<string, UserRoom>();
  for (const source of sources)
    for (const [room, next] of source) {
      const latest = laterOf(all.get(room), next);
      if (latest) all.set(room, latest);
    }
  return new Map([...all].filter(([, { state }]) => state !== 'left'));
}

/** Key of a part of a user's document. */
export const partKey = (user: string, part: number) => (part === 0 ? { user } : { user, part });

/**
 * Writes what is known about a user in a room, unless what is there is later: by the version of the room, and of the user's own joins
 * and leaves by the order of the inbox. One of these also counts if it had seen the version that is there.
 * @throws as {@link changeKey}
 */
export async function writeUserRoom(store: PolicyStore, user: string, room: string, next: UserRoom): Promise<void> {
  const found = await partsOf(store, user);
  const parts = found.length - 1;
  const known = found.findIndex(({ document: { rooms } }) => Object.hasOwn(rooms, room));
  const free = found.findIndex(({ document }) => hasPlace(document));
  const part = known >= 0 ? known : free >= 0 ? free : parts + 1;
  const change = (value: unknown) => withRoom(documentOf(value) ?? EMPTY, room, next);
  await changeKey(store, partKey(user, part), change, found[part]?.entry);
  if (part > parts)
    await changeKey(store, partKey(user, 0), value => {
      const first = documentOf(value) ?? EMPTY;
      return (first.parts ?? 0) >= part ? null : { ...first, parts: part };
    });
}

/**
 * Writes the rooms of a user, as {@link writeUserRoom} writes each of them. A user without a document costs one write for each part.
 * Of rooms that the user has left the last 64 are written.
 * @throws as {@link changeKey}
 */
export async function writeUserRooms(
  store: PolicyStore,
  user: string,
  rooms: ReadonlyMap<string, UserRoom>,
): Promise<void> {
  const left = [...rooms.keys()].filter(room => rooms.get(room)?.state === 'left');
  const forgotten = new Set(left.slice(0, -MOST_LEFT));
  const all = [...rooms].filter(([room]) => !forgotten.has(room));
  const others = Math.max(0, Math.ceil(all.length / PART) - 1);
  const isNew = await Promise.all(
    Array.from({ length: others + 1 }, (_, part) => {
      const document = { rooms: Object.fromEntries(all.slice(part * PART, (part + 1) * PART)) };
      return store.write(partKey(user, part), part === 0 && others > 0 ? { ...document, parts: others } : document, 0);
    }),
  );
  if (isNew.every(written => written)) return;
  const parts = await partsOf(store, user);
  const known: Readonly<Record<string, UserRoom>> = Object.assign(
    Object.create(null),
    ...parts.map(({ document }) => document.rooms),
  );
  const missing = all.filter(([room, next]) => laterOf(known[room], next) !== null);
  const isOnePart = parts.length === 1 && Object.keys({ ...known, ...Object.fromEntries(missing) }).length <= PART;
  if (missing.length > 0 && isOnePart)
    return await changeKey(store, partKey(user, 0), value =>
      missing.reduce(
        (document, [room, next]) => withRoom(document, room, next) ?? document,
        documentOf(value) ?? EMPTY,
      ),
    );
  for (const [room, next] of missing) await writeUserRoom(store, user, room, next);
}

interface Part {
  readonly entry: PolicyEntry | null;
  readonly document: UserDocument;
}

/** Parts of a user's document, at least one. */
async function partsOf(store: PolicyStore, user: string): Promise<Part[]> {
  const read = async (part: number): Promise<Part> => {
    const entry = await store.read(partKey(user, part));
    return { entry, document: documentOf(entry?.value) ?? EMPTY };
  };
  const first = await read(0);
  const others = Array.from({ length: first.document.parts ?? 0 }, (_, index) => read(index + 1));
  return [first, ...(await Promise.all(others))];
}

const hasPlace = ({ rooms }: UserDocument) =>
  Object.values(rooms).filter(({ state }) => state !== 'left').length < PART;

/** @returns null if the document has a later version */
function withRoom(document: UserDocument, room: string, next: UserRoom): UserDocument | null {
  const { [room]: known, ...others } = document.rooms;
  const latest = laterOf(known, next);
  if (!latest) return null;
  const rooms = { ...others, [room]: latest };
  const left = Object.keys(rooms).filter(name => rooms[name]?.state === 'left');
  for (const name of left.slice(0, -MOST_LEFT)) delete rooms[name];
  return { ...document, rooms };
}

/** Merges one more word on a user in a room into what is known; null if what is known counts. Pure. */
function laterOf(known: UserRoom | undefined, next: UserRoom): UserRoom | null {
  if (!known) return next;
  const isOwn = next.own !== undefined && (known.own ?? 0) < next.own;
  if (known.cv > next.cv || (known.cv === next.cv && !isOwn)) return null;
  if (known.state !== 'member' || next.state !== 'member') return next;
  // A change of the rank does not know of the join, and a join of a member does not change the rank.
  return { ...next, since: next.since || known.since, rank: next.own === undefined ? next.rank : known.rank };
}

function documentOf(value: unknown): UserDocument | null {
  const { rooms, parts } = (value ?? {}) as { readonly rooms?: unknown; readonly parts?: unknown };
  if (typeof rooms !== 'object' || rooms === null) return null;
  const read: Record<string, UserRoom> = Object.create(null);
  for (const [room, item] of Object.entries(rooms)) {
    const membership = readMembership(item);
    const { kind, own, other } = (item ?? {}) as Partial<Record<keyof UserRoom, unknown>>;
    if (!membership || typeof kind !== 'string') continue;
    const { state, rank, since, cv } = membership;
    const byOwn = Number.isSafeInteger(own) ? { own: own as number } : {};
    read[room] = { state, rank, since, cv, kind, ...byOwn, ...(typeof other === 'string' ? { other } : {}) };
  }
  return { rooms: read, ...(Number.isSafeInteger(parts) ? { parts: parts as number } : {}) };
}
