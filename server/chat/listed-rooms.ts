import { readableAbove } from '../access/rights.ts';
import { RANKS } from '../fold/control.ts';
import { DIRECT_KIND, otherIn } from '../fold/direct.ts';
import type { Mark } from '../fold/mark.ts';
import type { FoldedMessage } from '../fold/room-fold.ts';
import type { RoomState } from '../fold/room-state.ts';
import { membershipOf } from '../membership/membership-of.ts';
import type { UserRoom } from '../membership/room-states.ts';
import { StoreUnavailable } from '../room/history-store.ts';
import { ReadFailed } from '../room/log.ts';
import type { Chat } from './chat.ts';
import type { RoomEnd } from './last-messages.ts';
import { about, int, nullable, object, oneOf, optional, roomName, text, type ValuesOf } from './params.ts';
import { userId } from './room-params.ts';
import { knownCount } from './unread-counts.ts';

/** Unicode code points of a text in the list. A page with 250 of them stays far below the most that an answer may have. */
const PREVIEW = 140;

const LAST = {
  offset: about(int({ min: 1 }), "Place of the message in the room's order."),
  id: about(text(), 'Id of the message.'),
  user: about(text(), 'Author.'),
  time: about(int(), 'Milliseconds since 1970: for people, never for order.'),
  text: about(
    optional(text()),
    `First ${PREVIEW} characters of the text, after the edits that count. Absent once the message is deleted.`,
  ),
  deleted: about(optional(int({ min: 1 })), 'Offset of the delete. Absent while the message is there.'),
};

/** Fields of a room as lists of rooms show it. */
export const LISTED_ROOM = {
  room: roomName,
  name: about(text(), 'Name for people; empty for none.'),
  user: about(optional(userId), 'The other user, of the room of two users.'),
  state: about(oneOf('member', 'invited', 'requested'), 'Relation of the caller to the room.'),
  role: about(optional(oneOf(...RANKS)), 'Rank of the caller, of a member.'),
  n: about(nullable(int()), '0 if the caller has read all that counts; `null` if it has to be counted, with `unread`.'),
  mentions: about(nullable(int()), 'Unread mentions, in the same way.'),
  read: about(
    nullable(int()),
    'Offset up to which the caller has read the room; 0 for none, `null` if that is not known now.',
  ),
  delivered: about(nullable(int()), "Offset up to which one of the caller's devices has the room, in the same way."),
  last: about(
    nullable(object(LAST)),
    'Last message that the caller may read and has not hidden, also if it is deleted. `null` for none, for users who are not members, and for one that only MongoDB has while it does not answer.',
  ),
  top: about(int(), 'Offset of the last entry of the room that is not only in MongoDB; 0 for none.'),
};

/** Room of a user that is listed. */
export type OwnRoom = UserRoom & { readonly room: string; readonly state: 'member' | 'invited' | 'requested' };

/** Rooms that a user is a member of, is invited to or has asked for. Pure. */
export function ownRooms(known: ReadonlyMap<string, UserRoom>): OwnRoom[] {
  return [...known].flatMap(([room, own]) =>
    own.state === 'banned' || own.state === 'left' ? [] : [{ ...own, room, state: own.state }],
  );
}

/** Item of a list. */
export type ListedRoom = ValuesOf<typeof LISTED_ROOM>;

/** Knowledge that the caller of {@link listedRooms} has, or wants, beside the items. */
export interface ListedWith {
  /** Marks of the user by room, null where they are not known. Default: they are read, in MongoDB too. */
  readonly marks?: ReadonlyMap<string, Mark | null>;
  /** Called with each room that turns out to be deleted. */
  readonly deleted?: (room: string) => void;
  /**
   * True reads no messages: `last` is null in all items, and rooms of two users of which only MongoDB says whether they have one are
   * among them. Default: false.
   */
  readonly isWithoutLast?: boolean;
}

/** Items of rooms of a user, in their order, without those that turn out to be deleted or that are not listed yet. */
export async function listedRooms(
  chat: Chat,
  user: string,
  rooms: readonly OwnRoom[],
  known: ListedWith = {},
): Promise<ListedRoom[]> {
  const { isWithoutLast = false } = known;
  const above = (own: OwnRoom) => (isWithoutLast ? Number.POSITIVE_INFINITY : readableBy(own, chat));
  const asked = rooms.map(own => ({ room: own.room, readableAbove: above(own) }));
  const ends = await chat.lasts.of(user, asked);
  const { names, deleted } = await namesOf(chat, ends);
  await forgetDeleted(chat, user, deleted);
  for (const room of deleted.keys()) known.deleted?.(room);
  const page = rooms.filter(({ room }) => !deleted.has(room));
  const marks = known.marks ?? (await marksOf(chat, user, page));
  const readable = await stillReadable(chat, user, page, ends);
  const others = await othersOf(chat, user, page);
  return page
    .filter(own => (isWithoutLast && ends.get(own.room)?.countable === null) || !isLatent(own, ends))
    .map(({ room, state, rank, since }) => {
      const { top = 0, message = null, countable = null } = ends.get(room) ?? {};
      const mark = marks.get(room) ?? null;
      const n = state === 'member' ? (knownCount(mark, { countable }, since)?.n ?? null) : 0;
      const isShown = message !== null && message.offset > (readable.get(room) ?? 0);
      return {
        room,
        name: names.get(room) ?? '',
        ...others.get(room),
        state,
        ...(state === 'member' ? { role: rank } : {}),
        n,
        mentions: n === 0 ? 0 : null,
        read: mark?.read ?? null,
        delivered: mark?.delivered ?? null,
        last: isShown ? previewOf(message) : null,
        top,
      };
    });
}

/** Marks of the caller, by room; empty while NATS does not have them, such as beside workers of the release before. */
async function marksOf(
  { marks }: Pick<Chat, 'marks'>,
  user: string,
  page: readonly OwnRoom[],
): Promise<ReadonlyMap<string, Mark | null>> {
  const found = await marks.of(page.map(({ room }) => ({ user, room }))).catch((error: unknown) => {
    if (error instanceof ReadFailed) return [];
    throw error;
  });
  return new Map(page.map(({ room }, index) => [room, found[index] ?? null]));
}

/** Offset above which a user may read messages of an own room; Infinity for none of them. */
function readableBy(
  { room, state, rank, since }: UserRoom & { readonly room: string },
  { kindOf }: Pick<Chat, 'kindOf'>,
): number {
  const rules = kindOf(room);
  return rules && state === 'member' ? readableAbove(rules, { known: { rank, since } }) : Number.POSITIVE_INFINITY;
}

/**
 * True for a room of two users without a message: one of them has opened it, and the other does not know of it. While it is not known
 * whether it has one, it is listed if LOG has an entry of it above the one that made it.
 */
function isLatent({ room, kind, since }: OwnRoom, ends: ReadonlyMap<string, RoomEnd>): boolean {
  const { top = 0, message = null, countable = null } = ends.get(room) ?? {};
  return kind === DIRECT_KIND && message === null && (countable === null ? top <= since : countable === 0);
}

/** Other users, of rooms of two users: from the document of the caller, and from states of rooms where that has none. */
async function othersOf(
  { rooms }: Pick<Chat, 'rooms'>,
  user: string,
  page: readonly OwnRoom[],
): Promise<ReadonlyMap<string, { readonly user: string }>> {
  const known = await Promise.all(
    page
      .filter(({ kind }) => kind === DIRECT_KIND)
      .map(async ({ room, other }) => [room, other ?? otherIn(await rooms.current(room), user)] as const),
  );
  return new Map(known.flatMap(([room, other]) => (other === undefined ? [] : [[room, { user: other }] as const])));
}

/** The same once more, as of the messages that were read meanwhile: one may be above the end of the membership. */
async function stillReadable(
  chat: Chat,
  user: string,
  page: readonly OwnRoom[],
  ends: ReadonlyMap<string, RoomEnd>,
): Promise<ReadonlyMap<string, number>> {
  const hasMessage = [...ends.values()].some(({ message }) => message !== null);
  const documents = hasMessage ? await chat.userRooms.of(user) : new Map<string, UserRoom>();
  return new Map(
    await Promise.all(
      page.map(async ({ room, kind }) => {
        const end = ends.get(room);
        if (!end?.message) return [room, Number.POSITIVE_INFINITY] as const;
        const document = documents.get(room);
        const known = end.isNoted
          ? document
          : membershipOf(await chat.rooms.upTo(room, end.message.offset), user, document);
        return [room, known ? readableBy({ ...known, room, kind }, chat) : Number.POSITIVE_INFINITY] as const;
      }),
    ),
  );
}

/** A message as a list of rooms shows it. Pure. */
function previewOf({ offset, id, user, time, text, deleted }: FoldedMessage): ValuesOf<typeof LAST> {
  const shown = deleted > 0 ? { deleted } : { text: [...text.slice(0, 2 * PREVIEW)].slice(0, PREVIEW).join('') };
  return { offset, id, user, time, ...shown };
}

/**
 * Names of rooms, and those of them that are deleted: from MongoDB in one read, and from states of rooms where it lags, lacks one or is
 * away. Both are as of the ends of the rooms, at least: who has seen the end of a room is not told its name again.
 */
async function namesOf(
  { directory, rooms: states }: Chat,
  ends: ReadonlyMap<string, RoomEnd>,
): Promise<{ readonly names: ReadonlyMap<string, string>; readonly deleted: ReadonlyMap<string, RoomState> }> {
  const viewed = [...ends].flatMap(([room, { isViewed }]) => (isViewed ? [room] : []));
  const names = new Map(viewed.length === 0 ? [] : await directory.roomNames(viewed).catch(ignoreOutage));
  const lacking = [...ends].filter(([room]) => !names.has(room));
  const found = await Promise.all(
    lacking.map(async ([room, { top }]) => [room, await states.upTo(room, top)] as const),
  );
  return {
    names: new Map([...names, ...found.map(([room, { name }]) => [room, name] as const)]),
    deleted: new Map(found.filter(([, { deleted }]) => deleted)),
  };
}

/**
 * Takes deleted rooms out of the user's document: the end of a room is written for the users whom its state lists, so not for
 * every member of a large one.
 */
async function forgetDeleted(
  { rooms }: Pick<Chat, 'rooms'>,
  user: string,
  deleted: ReadonlyMap<string, RoomState>,
): Promise<void> {
  await Promise.all([...deleted].map(async ([room, state]) => await rooms.committed(room, state, [user])));
}

function ignoreOutage(error: unknown): [] {
  if (error instanceof StoreUnavailable) return [];
  throw error;
}
