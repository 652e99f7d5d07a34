import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Room } from '../../../client/room.ts';
import type { ListedRoom } from '../../../client/room-list.ts';
import { roomToClose, sidebarRooms } from '../../../web/src/page/sidebar-rooms.ts';

const listed = (room: string, state: ListedRoom['state'] = 'member') => ({ room, name: room, state }) as ListedRoom;
const open = (name: string, messages: readonly object[] = [], loaded = true) =>
  ({ name, messages, history: { loaded } }) as unknown as Room;

const NO_COUNTS = { of: () => null };

test('the server counts unread messages; rooms that it does not count have those that are loaded', () => {
  const counts = { of: (room: string) => (room === 'b' ? null : { n: 3, more: false, mentions: 1 }) };
  const loaded = (name: string) => ({ ...open(name), unread: 7 }) as Room;
  const rooms = sidebarRooms([loaded('a'), loaded('b')], [listed('a'), listed('c')], counts);
  assert.deepEqual(
    rooms.map(({ unread, mentions }) => [unread, mentions]),
    [
      [3, 1],
      [7, 0],
      [3, 1],
    ],
  );
});

test('rooms of the user that are not open stand behind the open ones, invitations do not', () => {
  const rooms = sidebarRooms(
    [open('channel:a'), open('group:c')],
    [listed('group:b'), listed('group:c'), listed('group:d', 'invited'), listed('group:e', 'requested')],
    NO_COUNTS,
  );
  assert.deepEqual(
    rooms.map(({ name, open }) => [name, open !== null]),
    [
      ['channel:a', true],
      ['group:c', true],
      ['group:b', false],
    ],
  );
});

test('the last message is that of the open room, and that of the list for others and until a history is there', () => {
  const last = (time: number) => ({ offset: time, id: `m${time}`, user: 'ann', time, text: 'listed' });
  const all = ['a', 'b', 'c', 'd', 'e', 'f'].map((name, i) => ({
    ...listed(name),
    last: name === 'd' ? null : last(i + 1),
  }));
  const rooms = sidebarRooms([open('a', [last(9)]), open('b', [], false), open('c')], all, NO_COUNTS);
  assert.deepEqual(
    rooms.map(({ name, last }) => [name, last?.time]),
    [
      ['a', 9],
      ['b', 2],
      ['c', undefined],
      ['f', 6],
      ['e', 5],
      ['d', undefined],
    ],
  );
});

test('a room is closed for another one only if the list has it, and never the one that is shown', () => {
  const own = [listed('group:b'), listed('group:c'), listed('group:d', 'invited')];
  const names = ['channel:a', 'group:d', 'group:b', 'group:c'];
  assert.equal(roomToClose(names, own, 'channel:a'), 'group:b');
  assert.equal(roomToClose(names, own, 'group:b'), 'group:c');
  assert.equal(roomToClose(['channel:a', 'group:d'], own, undefined), undefined);
});
