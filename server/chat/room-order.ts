import type { Chat } from './chat.ts';
import { listedRooms, type OwnRoom } from './listed-rooms.ts';
import { MOST_ROOMS_OF_USER } from './rooms-of-user.ts';
import { keyOf } from './sync-cursor.ts';

/** Orders of a list of rooms. */
export const ORDERS = ['room', 'name', 'last'] as const;

/** Choice of some of the rooms of a user, and their order. */
export interface Selection {
  readonly order: (typeof ORDERS)[number];
  readonly kind?: string | undefined;
  /** Beginning of the name for people, in any case of letters. */
  readonly prefix?: string | undefined;
  /** True leaves out rooms that the user has certainly read. */
  readonly unread: boolean;
}

/** Rooms of one step: their ends alone, or with a message each, whose texts may be long. */
const STEP = { ends: 1_000, messages: 250 } as const;

const KEY_BYTES = 6;
const KEY_CHARACTERS = 8;
/** Most characters of a cursor: twice of what the rooms that a user may have take, as acts at the same time may exceed their number. */
export const MOST_ORDER_CURSOR = 2 * Math.ceil((MOST_ROOMS_OF_USER * KEY_CHARACTERS * 4) / 3) + 200;

/** True if the names of rooms alone select and order them. Pure. */
export const isByRoom = ({ order, prefix, unread }: Selection): boolean =>
  order === 'room' && prefix === undefined && !unread;

/** Rooms of a kind, by name of the room. Pure. */
export function ofKind(own: readonly OwnRoom[], kind: string | undefined): OwnRoom[] {
  const found = kind === undefined ? own : own.filter(({ room }) => room.startsWith(`${kind}:`));
  return found.toSorted((a, b) => (a.room < b.room ? -1 : 1));
}

/**
 * Selects rooms by their names, marks and last messages, as a list shows them now. Reads of NATS and MongoDB are those of a list of all
 * rooms; messages are read for the order `last` alone, and marks for `unread` alone.
 * @param rooms by name of the room
 * @returns all of them that match, in order
 */
export async function selectRooms(
  chat: Chat,
  user: string,
  rooms: readonly OwnRoom[],
  { order, prefix, unread }: Selection,
): Promise<OwnRoom[]> {
  const isByLast = order === 'last';
  const parts = { isWithoutLast: !isByLast, ...(unread ? {} : { marks: new Map() }) };
  const step = isByLast ? STEP.messages : STEP.ends;
  const begin = prefix?.toLowerCase() ?? '';
  const found: Sortable[] = [];
  for (let at = 0; at < rooms.length; at += step)
    for (const { room, name, n, last } of await listedRooms(chat, user, rooms.slice(at, at + step), parts)) {
      const caseless = name.toLowerCase();
      if (caseless.startsWith(begin) && !(unread && n === 0))
        found.push({ room, name: caseless, time: last?.time ?? 0 });
    }
  const byRoom = new Map(rooms.map(own => [own.room, own]));
  return found.toSorted(COMPARE[order]).flatMap(({ room }) => byRoom.get(room) ?? []);
}

interface Sortable {
  readonly room: string;
  /** In lower case. */
  readonly name: string;
  /** Milliseconds since 1970 of the last message; 0 for none. */
  readonly time: number;
}

/** Sorting keeps the order of the rooms, which is by room, where these say 0. */
const COMPARE: Readonly<Record<Selection['order'], (a: Sortable, b: Sortable) => number>> = {
  room: () => 0,
  name: (a, b) => Number(a.name === '') - Number(b.name === '') || (a.name < b.name ? -1 : Number(a.name > b.name)),
  last: (a, b) => b.time - a.time,
};

/** Writes rooms for a cursor: their keys, in order. Pure. */
export function writeRooms(rooms: readonly OwnRoom[]): string {
  const keys = Buffer.alloc(rooms.length * KEY_BYTES);
  for (const [index, { room }] of rooms.entries()) keys.writeUIntBE(keyOf(room), index * KEY_BYTES, KEY_BYTES);
  return keys.toString('base64');
}

/** Reads rooms of a cursor, without those that the user does not have any more. Pure. */
export function readRooms(written: string, own: readonly OwnRoom[]): OwnRoom[] {
  const byKey = new Map(own.map(each => [keyOf(each.room), each]));
  const keys = Buffer.from(written, 'base64');
  return Array.from({ length: keys.length / KEY_BYTES }, (_, index) =>
    keys.readUIntBE(index * KEY_BYTES, KEY_BYTES),
  ).flatMap(key => byKey.get(key) ?? []);
}
