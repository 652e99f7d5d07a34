import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallError } from '../../../client/call-error.ts';
import { Chat, type Removal } from '../../../client/chat.ts';
import { memoryStorage } from '../../../client/storage.ts';
import type { RoomHandlers } from '../../../client/transport.ts';
import { ManualClock } from '../../support/clocks/manual-clock.ts';

const ROOM = 'group:tea';
const REMOVED = 2_100;

/** Bob in a room, with what the server does to the subscription. */
function bobIn(room: string) {
  const joined: RoomHandlers[] = [];
  const refused = async () => {
    throw new CallError(104, 'method not found', false);
  };
  const chat = new Chat({
    user: 'bob',
    storage: memoryStorage(),
    clock: new ManualClock(),
    transport: () => ({
      connect: () => undefined,
      disconnect: () => undefined,
      call: refused,
      join(_room, handlers) {
        joined.push(handlers);
        return { history: refused, presence: refused, countUsers: refused, close: () => undefined };
      },
    }),
  });
  const removals: Removal[] = [];
  chat.removed.add(removal => removals.push(removal));
  chat.open(room);
  const [server] = joined;
  assert.ok(server);
  const enter = () => server.subscribed({ offset: 4, epoch: 'e' }, false);
  const act = (offset: number, type: 'room' | 'member', by: string, body: object) =>
    server.publication({
      offset,
      type,
      sender: { user: by, client: '' },
      data: { type, id: `id-${offset}`, cv: offset, by, time: 1, ...body },
    });
  return { chat, server, enter, act, removals };
}

const ENDINGS: readonly [string, 'room' | 'member', string, object, Removal['ending']][] = [
  ['a kick', 'member', 'ann', { act: 'kick', user: 'bob' }, { act: 'kick', by: 'ann' }],
  ['a ban', 'member', 'ann', { act: 'ban', user: 'bob', until: 0 }, { act: 'ban', by: 'ann' }],
  ['the end of the room', 'room', 'ann', { act: 'delete' }, { act: 'delete', by: 'ann' }],
  ['a leave on another device', 'member', 'bob', { act: 'leave' }, { act: 'leave', by: 'bob' }],
];

for (const [what, type, by, body, ending] of ENDINGS)
  test(`${what} is reported with who did it, and the room is refused`, () => {
    const { chat, server, enter, act, removals } = bobIn(ROOM);
    enter();
    act(5, 'member', 'ann', { act: 'kick', user: 'eve' });
    act(6, type, by, body);
    assert.deepEqual(removals, [], 'the server decides on the end');
    server.ended(REMOVED, 'removed from the room');
    assert.deepEqual(removals, [{ room: ROOM, ending }]);
    assert.equal(chat.open(ROOM).status.phase, 'refused');
  });

test('a user who was taken out while away is told so without a cause', () => {
  const { server, enter, removals } = bobIn(ROOM);
  enter();
  server.interrupted();
  server.ended(103, 'permission denied');
  assert.deepEqual(removals, [{ room: ROOM, ending: null }]);
});

test('a room that never let the user in is no removal', () => {
  const { chat, server, removals } = bobIn(ROOM);
  server.ended(103, 'permission denied');
  assert.deepEqual(removals, []);
  assert.equal(chat.open(ROOM).status.phase, 'refused');
});
