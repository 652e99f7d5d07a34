import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commit } from '../../../../server/chat/commit.ts';
import { PublishFailed, ReadFailed } from '../../../../server/room/log.ts';
import { integer, pick } from '../../../../tools/support/random.ts';
import { FreeCall } from '../../../support/chat/free-call.ts';
import { type Failure, roomChat } from '../../../support/chat/room-chat.ts';
import { fuzz } from '../../../support/fuzz/fuzz.ts';

type Outcome = { readonly done: object } | { readonly refused: Failure };
const outcome = async (call: Promise<object>): Promise<Outcome> => {
  try {
    return { done: await call };
  } catch (error) {
    const { error: code, message } = error as { readonly error: { readonly code: number }; readonly message: string };
    if (!code) throw error;
    return { refused: { code: code.code, message } };
  }
};

test('of six who act at once all win, one after another, each by what the others made', async () => {
  const { as, create, members } = roomChat();
  const users = ['u1', 'u2', 'u3', 'u4', 'u5', 'u6'];
  const room = await create('ann', users);
  const done = await Promise.all(users.map(user => as('ann', 'room.kick', { room, user })));
  assert.deepEqual(done.map(({ cv }) => cv).toSorted(), [2, 3, 4, 5, 6, 7]);
  assert.deepEqual(await members(room), { ann: 'owner' });
});

test('of those who kick one member at once one wins, and the others learn that the member is gone', async () => {
  const { as, create, entriesOf } = roomChat();
  const room = await create('ann', ['bob', 'eve', 'dan', 'fay']);
  for (const user of ['bob', 'eve', 'dan']) await as('ann', 'room.role', { room, user, role: 'moderator' });
  const before = (await entriesOf(room)).length;
  const kicks = await Promise.all(
    ['ann', 'bob', 'eve', 'dan'].map(user => outcome(as(user, 'room.kick', { room, user: 'fay' }))),
  );
  assert.equal(kicks.filter(kick => 'done' in kick).length, 1);
  for (const kick of kicks)
    if ('refused' in kick) assert.deepEqual(kick.refused, { code: 404, message: 'fay is not a member of the room' });
  assert.equal((await entriesOf(room)).length, before + 1);
});

test('two owners who take each other out at once leave one owner', async () => {
  const { as, create, members } = roomChat();
  const room = await create('ann', ['bob']);
  await as('ann', 'room.role', { room, user: 'bob', role: 'owner' });
  const kicks = await Promise.all([
    outcome(as('ann', 'room.kick', { room, user: 'bob' })),
    outcome(as('bob', 'room.kick', { room, user: 'ann' })),
  ]);
  assert.equal(kicks.filter(kick => 'done' in kick).length, 1);
  assert.deepEqual(Object.values(await members(room)), ['owner']);
});

test('a call that loses eight rounds answers the version that the room has', async () => {
  const { chat, create, idOf } = roomChat();
  const room = await create('ann', ['bob']);
  let others = 0;
  let races = 0;
  const losing = commit(
    new FreeCall('ann'),
    { ...chat, raced: () => void races++ },
    {
      room,
      id: idOf(),
      decide(view) {
        // Another call wins each round: it is in the log before this one is published.
        others += 1;
        void chat.messages.publish(new FreeCall('bob'), {
          room,
          type: 'room',
          id: idOf(),
          dedupe: `other ${others}`,
          body: Buffer.from(
            JSON.stringify({
              type: 'room',
              id: idOf(),
              cv: view.state.cv + 1,
              act: 'update',
              topic: `${others}`,
              time: 1,
            }),
          ),
          cv: view.state.cv + 1,
          time: 1,
          targets: [],
        });
        return { act: 'freeze', on: true };
      },
    },
  );
  assert.deepEqual(await outcome(losing), {
    refused: { code: 409, message: 'others act on the room all the time: it has the version 9' },
  });
  assert.equal(races, 8);
  assert.equal(others, 8);
});

test('an acknowledgement is not a win: an entry that a stale gateway added is void, and its call is decided again', async () => {
  const { as, chat, create, log, members } = roomChat();
  const room = await create('ann', ['bob', 'eve']);
  const stale = await chat.rooms.fresh(room);
  await as('ann', 'room.kick', { room, user: 'bob' });
  log.forgetIds(); // the deduplication window has passed
  const { fresh } = chat.rooms;
  let first = true;
  chat.rooms.fresh = async name => {
    if (!first) return await fresh.call(chat.rooms, name);
    first = false;
    return stale;
  };
  const done = await as('ann', 'room.kick', { room, user: 'eve' });
  assert.deepEqual([done.cv, done.duplicate], [3, false]);
  assert.deepEqual(await members(room), { ann: 'owner' });
  assert.equal(log.offsetsOf(room).length, 4);
});

test('an act whose acknowledgement was lost counts once, and a repeat answers it', async () => {
  const { as, chat, create, entriesOf, idOf, log } = roomChat();
  const room = await create('ann', ['bob']);
  const { publish } = log;
  log.publish = async (...given) => {
    await publish.apply(log, given);
    throw new PublishFailed('no acknowledgement');
  };
  const kick = { id: idOf(), room, user: 'bob' };
  await assert.rejects(as('ann', 'room.kick', kick), PublishFailed);
  log.publish = publish;
  assert.deepEqual(await as('ann', 'room.kick', kick), { cv: 2, duplicate: true });
  assert.equal((await entriesOf(room)).length, 2);
  assert.equal((await chat.rooms.fresh(room)).cv, 2);
});

test('with the leader away an act is neither refused nor done', async () => {
  const { as, create, log } = roomChat();
  const room = await create('ann', ['bob']);
  log.fails = request => request !== 'publish';
  await assert.rejects(as('eve', 'room.kick', { room, user: 'bob' }), ReadFailed);
  await assert.rejects(as('ann', 'room.kick', { room, user: 'bob' }), ReadFailed);
});

test('the documents of those whom an act concerns are written, of all when a room ends', async () => {
  const { as, chat, create } = roomChat();
  const room = await create('ann', ['bob']);
  const rooms = async (user: string) =>
    [...(await chat.userRooms.of(user))].map(([, { state, rank }]) => [state, rank]);
  assert.deepEqual([await rooms('ann'), await rooms('bob')], [[['member', 'owner']], [['member', 'member']]]);
  await as('ann', 'room.invite', { room, users: ['eve'] });
  assert.deepEqual(await rooms('eve'), [['invited', 'member']]);
  await as('bob', 'room.leave', { room });
  assert.deepEqual(await rooms('bob'), []);
  await as('ann', 'room.delete', { room });
  assert.deepEqual([await rooms('ann'), await rooms('eve')], [[], []]);
});

test('beside a gateway that keeps no cuts, every act that makes one is refused for now, and no other act', async () => {
  const { as, code, create, rights, log, chat } = roomChat();
  const room = await create('ann', ['bob', 'eve', 'dan']);
  const until = Date.now() + 3_600_000;
  await as('ann', 'room.mute', { room, user: 'dan', until });
  const before = await log.top(room);
  rights.kept = false;
  const cuts = [
    ['room.kick', { user: 'bob' }],
    ['room.ban', { user: 'bob' }],
    ['room.ban', { user: 'never-there' }],
    ['room.mute', { user: 'bob', until }],
    ['room.freeze', { on: true }],
    ['room.leave', {}],
    ['room.delete', {}],
  ] as const;
  for (const [verb, params] of cuts) assert.equal(await code('ann', verb, { room, ...params }), 100, verb);
  assert.equal(await log.top(room), before, 'nothing was stored');
  await as('ann', 'room.mute', { room, user: 'dan', until: 0 });
  await as('ann', 'room.update', { room, topic: 'Which tea?' });
  await as('ann', 'room.role', { room, user: 'bob', role: 'moderator' });
  await as('ann', 'room.add', { room, users: ['fay'] });
  assert.deepEqual((await chat.rooms.fresh(room)).cuts.length, 1);
  rights.kept = true;
  await as('ann', 'room.kick', { room, user: 'bob' });
});

const USERS = ['ann', 'bob', 'eve', 'dan', 'fay'];

fuzz(
  'whatever users do at once, a room with members has an owner, and counts its members',
  [1, 2, 3],
  25,
  async random => {
    const { as, chat, create, log } = roomChat();
    const room = await create('ann', ['bob', 'eve', 'dan'], pick(random, ['group', 'club']));
    for (let wave = 0; wave < 8; wave++) {
      const acts = Array.from({ length: 1 + integer(random, 5) }, () => {
        const user = pick(random, USERS);
        const actor = pick(random, USERS);
        const role = pick(random, ['owner', 'admin', 'moderator', 'member', 'guest']);
        return pick(random, [
          () => as(actor, 'room.leave', { room }),
          () => as(actor, 'room.leave', { room }),
          () => as(actor, 'room.kick', { room, user }),
          () => as(actor, 'room.role', { room, user, role }),
          () => as(actor, 'room.transfer', { room, user }),
          () => as(actor, 'room.add', { room, users: [user] }),
          () => as(actor, 'room.ban', { room, user }),
          () => as(actor, 'room.unban', { room, user }),
          () => as(actor, 'room.request', { room }),
          () => as(actor, 'room.approve', { room, user }),
        ]);
      });
      if (random() < 0.2) log.forgetIds();
      const outcomes = await Promise.all(acts.map(act => outcome(act())));
      const state = await chat.rooms.fresh(room);
      const members = [...state.members.values()].filter(({ state }) => state === 'member');
      const owners = members.filter(({ rank }) => rank === 'owner');
      assert.equal(state.count, members.length);
      assert.equal(state.deleted, members.length === 0, JSON.stringify(outcomes));
      if (members.length > 0) assert.ok(owners.length > 0, JSON.stringify([outcomes, ...state.members]));
    }
  },
);
