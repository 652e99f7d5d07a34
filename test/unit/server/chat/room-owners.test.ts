import assert from 'node:assert/strict';
import { test } from 'node:test';
import { successionOf } from '../../../../server/fold/heir.ts';
import { created, stateAfter } from '../../../support/chat/control-log.ts';
import { roomChat } from '../../../support/chat/room-chat.ts';

/** A group of an owner, and of others who joined in this order. */
async function group(...others: readonly (readonly [user: string, role: string])[]) {
  const chat = roomChat();
  const room = await chat.create('ann');
  for (const [user, role] of others) await chat.as('ann', 'room.add', { room, users: [user], role });
  return { ...chat, room };
}

test('when the last owner leaves, the oldest of the highest rank that is left becomes the owner, with the same entry', async () => {
  const scenes = [
    [
      [
        ['zoe', 'member'],
        ['mia', 'moderator'],
        ['leo', 'admin'],
        ['kim', 'admin'],
      ],
      'leo',
    ],
    [
      [
        ['zoe', 'member'],
        ['mia', 'moderator'],
        ['bea', 'moderator'],
      ],
      'mia',
    ],
    [
      [
        ['zoe', 'guest'],
        ['mia', 'member'],
        ['bea', 'member'],
      ],
      'mia',
    ],
    [[['zoe', 'guest']], 'zoe'],
  ] as const;
  for (const [others, heir] of scenes) {
    const { as, entriesOf, members, room } = await group(...others);
    const before = (await entriesOf(room)).length;
    await as('ann', 'room.leave', { room });
    const left = await members(room);
    assert.deepEqual(
      Object.keys(left).filter(user => left[user] === 'owner'),
      [heir],
    );
    assert.equal((await entriesOf(room)).length, before + 1);
  }
});

test('two owners who leave at once are followed by one owner; an owner who stays is enough', async () => {
  const { as, members, room } = await group(['bob', 'owner'], ['mia', 'moderator'], ['zoe', 'member']);
  await Promise.all([as('ann', 'room.leave', { room }), as('bob', 'room.leave', { room })]);
  assert.deepEqual(await members(room), { mia: 'owner', zoe: 'member' });
  const second = await group(['bob', 'owner'], ['mia', 'admin']);
  await second.as('ann', 'room.leave', { room: second.room });
  assert.deepEqual(await second.members(second.room), { bob: 'owner', mia: 'admin' });
});

test('all who leave at once end the room, and nobody follows', async () => {
  const { as, chat, code, room } = await group(['bob', 'admin'], ['mia', 'member']);
  await Promise.all(['ann', 'bob', 'mia'].map(user => as(user, 'room.leave', { room })));
  const state = await chat.rooms.fresh(room);
  assert.deepEqual([state.deleted, state.count], [true, 0]);
  assert.equal(await code('ann', 'room.get', { room }), 103);
});

test('of members who joined with one entry the first by id follows; a channel may be left by its whole staff', () => {
  const room = stateAfter([['ann', created({ ann: 'owner', mia: 'member', bob: 'member' })]]);
  assert.deepEqual(successionOf(room, 'ann'), { heir: 'bob' });
  assert.deepEqual(successionOf(room, 'bob'), {});
  const channel = stateAfter([['ann', created({ ann: 'owner' }, true)]]);
  assert.deepEqual(successionOf(channel, 'ann'), {});
});
