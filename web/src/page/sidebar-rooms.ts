import type { Room } from '../../../client/room.ts';
import type { ListedRoom } from '../../../client/room-list.ts';
import type { UnreadCounts } from '../../../client/unread-counts.ts';

/** Room in the page's list of rooms. */
export interface SidebarRoom {
  readonly name: string;
  /** The open room; null for one that the user is a member of and that is not open. */
  readonly open: Room | null;
  /** Last message: of an open room as of its last entry, of another as of the last read of the list. Null for none. */
  readonly last: ListedRoom['last'];
  /** Unread messages, at most one more than are shown. */
  readonly unread: number;
  /** Unread messages that mention the user or everybody. */
  readonly mentions: number;
}

/**
 * Open rooms in their order, and behind them those that the user is a member of and that are not open, the one with the newest
 * message first. Pure.
 * @param counts the server's counts. A room without one counts what it has loaded.
 */
export function sidebarRooms(
  open: readonly Room[],
  listed: readonly ListedRoom[],
  counts: Pick<UnreadCounts, 'of'>,
): readonly SidebarRoom[] {
  const names = new Set(open.map(({ name }) => name));
  const lasts = new Map(listed.map(({ room, last }) => [room, last]));
  const closed = listed
    .filter(({ room, state }) => state === 'member' && !names.has(room))
    .sort((a, b) => (b.last?.time ?? 0) - (a.last?.time ?? 0));
  return [
    ...open.map(room => ({
      name: room.name,
      open: room,
      last: lastOf(room, lasts.get(room.name) ?? null),
      unread: counts.of(room.name)?.n ?? room.unread,
      mentions: counts.of(room.name)?.mentions ?? 0,
    })),
    ...closed.map(({ room, last }) => {
      const { n: unread = 0, mentions = 0 } = counts.of(room) ?? {};
      return { name: room, open: null, last, unread, mentions };
    }),
  ];
}

/** Last message of an open room. Until its history is there, the list may have one that the room lacks. */
const lastOf = ({ messages, history }: Room, listed: ListedRoom['last']): ListedRoom['last'] =>
  messages.at(-1) ?? (history.loaded ? null : listed);

/**
 * Room that may be closed to open another one: one that stays in the list because the user is a member. Pure.
 * @param open names, the one that was opened first before the others
 * @param shown room that stays open
 * @returns undefined for none
 */
export function roomToClose(
  open: readonly string[],
  listed: readonly ListedRoom[],
  shown: string | undefined,
): string | undefined {
  const own = new Set(listed.filter(({ state }) => state === 'member').map(({ room }) => room));
  return open.find(name => own.has(name) && name !== shown);
}
