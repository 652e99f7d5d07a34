import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Room } from '../../../client/room.ts';
import type { ListedRoom } from '../../../client/room-list.ts';
import { roomToClose, sidebarRooms } from '../../../web/src/page/sidebar-rooms.ts';

const listed = (room: string, state: ListedRoom['state'] = 'member') => ({ room, name: room, state }) as ListedRoom;
const open = (name: string) => ({ name }) as Room;

test('rooms of the user that are not open stand behind the open ones, invitations do not', () => {
  const rooms = sidebarRooms(
    [open('channel:a'), open('group:c')],
    [listed('group:b'), listed('group:c'), listed('group:d', 'invited'), listed('group:e', 'requested')],
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

test('a room is closed for another one only if the list has it, and never the one that is shown', () => {
  const own = [listed('group:b'), listed('group:c'), listed('group:d', 'invited')];
  const names = ['channel:a', 'group:d', 'group:b', 'group:c'];
  assert.equal(roomToClose(names, own, 'channel:a'), 'group:b');
  assert.equal(roomToClose(names, own, 'group:b'), 'group:c');
  assert.equal(roomToClose(['channel:a', 'group:d'], own, undefined), undefined);
});
