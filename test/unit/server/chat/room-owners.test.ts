import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Control } from '../../../../server/fold/control.ts';
import { lacksHeir, successionOf } from '../../../../server/fold/heir.ts';
import { roomStateJson } from '../../../../server/fold/room-state-json.ts';
import { MOST_HEIRS } from '../../../../server/fold/state-bytes.ts';
import { publishControl } from '../../../support/chat/control-entries.ts';
import { created, stateAfter } from '../../../support/chat/control-log.ts';
import type { MemoryDirectory } from '../../../support/chat/memory-policy.ts';
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

/** A room of 1,400 members, of whom the 300 latest have left again: its state lists no other changes. */
function large() {
  let state = stateAfter([['ann', created({ ann: 'owner' })]]);
  const act = (by: string, control: Control) => {
    state = stateAfter([[by, control]], state);
  };
  const users = (from: number) =>
    Array.from({ length: 100 }, (_, i) => ({ user: `u${from + i}`, rank: 'member' }) as const);
  for (let from = 0; from < 1_400; from += 100) act('ann', { act: 'add', users: users(from) });
  for (let i = 1_399; i >= 1_100; i--) act(`u${i}`, { act: 'leave' });
  return { state: () => state, act };
}

test('the oldest member of a large room follows the last owner, and so on, without MongoDB', () => {
  const { state, act } = large();
  assert.deepEqual([state().count, state().full], [1_101, false]);
  const heirs: string[] = [];
  for (let owner = 'ann'; heirs.length < MOST_HEIRS; owner = heirs.at(-1) as string) {
    const succession = successionOf(state(), owner);
    assert.ok(succession.heir);
    heirs.push(succession.heir);
    act(owner, { act: 'leave', ...succession });
  }
  const first = Array.from({ length: 100 }, (_, i) => `u${i}`).toSorted();
  assert.deepEqual(heirs, first.slice(0, MOST_HEIRS));
  assert.equal(lacksHeir(state(), heirs.at(-1) as string), true);
});

test('once a large room knows none of its members, one of those that MongoDB lists follows; while it is away the owner stays', async () => {
  for (const kind of ['group', 'channel']) {
    const { as, chat, code, create, log, members } = roomChat();
    const directory = chat.directory as MemoryDirectory;
    const room = await create('ann', [], kind);
    const state = { ...(await chat.rooms.fresh(room)), full: false, count: 1_101 };
    await publishControl(log, room, 2, { act: 'snapshot', state: roomStateJson(state) });
    const own = { offset: 5, on: true, seen: 1 };
    for (const [user, since] of [
      ['old', 4],
      ['older', 3],
    ] as const)
      await chat.userRooms.acted({ ...own, user, room, since });
    directory.members = [
      { user: 'ann', rank: 'owner', since: 1 },
      // The list is behind: this one has left.
      { user: 'gone', rank: 'member', since: 2 },
      { user: 'old', rank: 'member', since: 4 },
      { user: 'older', rank: 'member', since: 3 },
    ];
    directory.up = false;
    assert.equal(await code('ann', 'room.leave', { room }), 100);
    assert.equal((await members(room))['ann'], 'owner');
    directory.up = true;
    await as('ann', 'room.leave', { room });
    assert.deepEqual([(await members(room))['ann'], (await members(room))['older']], ['left', 'owner']);
    const document = (await chat.userRooms.of('older')).get(room);
    assert.deepEqual([document?.rank, document?.since], ['owner', 3]);
  }
});

test('the oldest admin follows also where the state did not list the admins when they got their rank', async () => {
  const { as, chat, create, members } = roomChat();
  const room = await create('ann', [], 'channel');
  for (const user of ['zoe', 'bob']) {
    await as(user, 'room.join', { room });
    await as(user, 'message.send', { room, text: 'hello' });
  }
  await as('ann', 'room.role', { room, user: 'bob', role: 'admin' });
  await as('ann', 'room.role', { room, user: 'zoe', role: 'moderator' });
  await as('ann', 'room.role', { room, user: 'zoe', role: 'admin' });
  const since = async (user: string) => (await chat.rooms.fresh(room)).members.get(user)?.since ?? 0;
  assert.deepEqual([await since('zoe'), await since('bob')], [1, 3]);
  await as('ann', 'room.leave', { room });
  assert.equal((await members(room))['zoe'], 'owner');
});
