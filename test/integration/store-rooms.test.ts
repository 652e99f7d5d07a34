import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MongoClient } from 'mongodb';
import type { Control, ControlEntry } from '../../server/fold/control.ts';
import { foldEntries } from '../../server/fold/control-fold.ts';
import { NO_ROOM } from '../../server/fold/room-state.ts';
import type { MemberPage } from '../../server/membership/directory.ts';
import { type OwnMembership, readOwnMembership } from '../../server/room/room-changes.ts';
import { mongoStore } from '../../server/store/mongo.ts';
import { startMongo } from '../../tools/local/mongo.ts';
import { integer } from '../../tools/support/random.ts';
import { anyControlLog, created, entry } from '../support/chat/control-log.ts';
import { fuzz } from '../support/fuzz/fuzz.ts';

const mongo = await startMongo();
test.after(() => mongo.close());
const client = new MongoClient(mongo.uri);
test.after(() => client.close());

let databases = 0;

/** A store on a database of its own. */
function freshStore() {
  const name = `chat_rooms_${process.pid}_${databases++}`;
  const store = mongoStore(mongo.uri, name);
  test.after(async () => {
    await client.db(name).dropDatabase();
    await store.close();
  });
  const apply = (room: string, log: readonly ControlEntry[], own: readonly OwnMembership[] = []) =>
    store.applyRooms(
      log.map(entry => ({ room, entry })),
      own,
    );
  const list = async (room: string, page: Partial<MemberPage> = {}) =>
    (await store.listMembers(room, { after: null, limit: 100, ...page })).map(({ rank, user }) => `${rank} ${user}`);
  return { store, apply, list, database: client.db(name) };
}

fuzz('rooms and members are those of the fold, however often parts of the log come', [1, 2], 4, async random => {
  const { store, apply, list, database } = freshStore();
  const log = anyControlLog(random, 40);
  for (let done = 0; done < log.length; ) {
    const from = integer(random, done + 1);
    done = Math.min(log.length, done + 1 + integer(random, 12));
    // A batch whose room was not written any more: its members come again.
    if (random() < 0.3) {
      const before = await database.collection('rooms').findOne({});
      await apply('group:a', log.slice(from, done));
      if (before) await database.collection('rooms').replaceOne({}, before);
    }
    await apply('group:a', log.slice(from, done));
  }
  const state = foldEntries(NO_ROOM, log);
  assert.deepEqual(await store.room('group:a'), state);
  const members = [...state.members].filter(([, { state }]) => state === 'member');
  assert.deepEqual((await list('group:a')).toSorted(), members.map(([user, { rank }]) => `${rank} ${user}`).toSorted());
  for (const user of ['ann', 'bob', '__proto__']) {
    const known = state.members.get(user);
    const { rank, state: standing, since, cv } = known ?? {};
    const isOut = standing === 'left' || standing === 'banned';
    const relation = isOut ? { rank: 'member', state: 'left', since: 0 } : { rank, state: standing, since };
    const expected = known && !state.deleted ? { ...relation, cv, kind: 'group' } : undefined;
    const found = (await store.roomsOf(user)).get('group:a');
    // Whoever left stays here, where the state forgets it.
    const isForgotten = found?.state === 'left' && known === undefined;
    assert.deepEqual(isForgotten ? undefined : found, expected);
  }
});

test('a join of the user and an act of staff count by what the join had seen, in both orders', async () => {
  const own = (offset: number, on: boolean, seen: number): OwnMembership => ({
    user: 'bob',
    room: 'channel:a',
    offset,
    on,
    since: 7,
    seen,
  });
  const base = [entry(1, 1, created({ ann: 'owner' }, true))];
  const kick = [entry(2, 2, { act: 'kick', user: 'bob' })];
  const promote = [entry(3, 3, { act: 'role', user: 'bob', rank: 'moderator' })];
  const run = async (...steps: readonly (readonly ControlEntry[] | OwnMembership)[]) => {
    const { store, apply, list } = freshStore();
    await apply('channel:a', base);
    for (const step of steps) await ('user' in step ? apply('channel:a', [], [step]) : apply('channel:a', step));
    return [await list('channel:a'), (await store.roomsOf('bob')).get('channel:a')?.state];
  };
  const isOut = [['owner ann'], 'left'];
  const isIn = [['owner ann', 'member bob'], 'member'];
  assert.deepEqual(await run(own(5, true, 1), kick), isOut);
  assert.deepEqual(await run(kick, own(5, true, 1)), isOut);
  assert.deepEqual(await run(kick, own(5, true, 2)), isIn);
  assert.deepEqual(await run(own(5, true, 2), kick), isIn);
  assert.deepEqual(await run(own(5, true, 1), own(6, false, 1)), isOut);
  assert.deepEqual(await run(own(6, false, 1), own(5, true, 1)), isOut);
  const staff = [['owner ann', 'moderator bob'], 'member'];
  assert.deepEqual(await run(own(5, true, 2), kick, promote), staff);
  assert.deepEqual(await run(kick, own(5, true, 2), promote), staff);
});

test('a mute or a rank of a member whom the state does not list leaves the join as it is, however the log is split', async () => {
  const users = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => ({ user: `u${from + i}`, rank: 'member' }) as const);
  const acts: readonly Control[] = [
    created({ ann: 'owner' }),
    { act: 'add', users: [{ user: 'bob', rank: 'guest' }] },
    ...Array.from({ length: 11 }, (_, i) => ({ act: 'add', users: users(i * 100, 100) }) as const),
    { act: 'mute', user: 'bob', until: 1e12 },
    { act: 'mute', user: 'u0', until: 1e12 },
    { act: 'mute', user: 'u0', until: 0 },
    { act: 'role', user: 'u1', rank: 'moderator' },
    { act: 'role', user: 'u1', rank: 'guest' },
  ];
  const log = acts.map((act, i) => entry(i + 1, i + 1, act));
  for (const parts of [[log], log.map(each => [each])]) {
    const { store, apply } = freshStore();
    for (const part of parts) await apply('group:a', part);
    const known = async (user: string) => {
      const { state, rank, since } = (await store.roomsOf(user)).get('group:a') ?? {};
      return [state, rank, since];
    };
    assert.deepEqual(await known('bob'), ['member', 'guest', 2]);
    assert.deepEqual(await known('u0'), ['member', 'member', 3]);
    assert.deepEqual(await known('u1'), ['member', 'guest', 3]);
  }
});

test('members are listed by rank, then by user; joins and leaves of others move nobody', async () => {
  const { apply, list } = freshStore();
  const users = Array.from({ length: 30 }, (_, i) => `u${String(i * 2).padStart(2, '0')}`);
  await apply('group:a', [
    entry(1, 1, created({ zoe: 'owner', mia: 'moderator', leo: 'moderator' })),
    entry(2, 2, { act: 'add', users: users.map(user => ({ user, rank: 'member' })) }),
  ]);
  const first = await list('group:a', { limit: 10 });
  assert.deepEqual(first.slice(0, 4), ['owner zoe', 'moderator leo', 'moderator mia', 'member u00']);
  await apply('group:a', [
    entry(3, 3, { act: 'add', users: ['u01', 'u13', 'u59'].map(user => ({ user, rank: 'member' })) }),
    entry(4, 4, { act: 'kick', user: 'u12' }),
    entry(5, 5, { act: 'kick', user: 'u20' }),
  ]);
  const rest = await list('group:a', { after: { rank: 'member', user: 'u12' } });
  assert.deepEqual(
    rest,
    ['u13', ...users.filter(user => user > 'u12' && user !== 'u20'), 'u59'].map(user => `member ${user}`),
  );
  assert.deepEqual(await list('group:a', { rank: 'moderator' }), ['moderator leo', 'moderator mia']);
  assert.deepEqual(await list('group:a', { rank: 'moderator', after: { rank: 'moderator', user: 'leo' } }), [
    'moderator mia',
  ]);
  assert.deepEqual(
    await list('group:a', { prefix: 'u5' }),
    ['u50', 'u52', 'u54', 'u56', 'u58', 'u59'].map(user => `member ${user}`),
  );
  assert.deepEqual(await list('group:a', { prefix: 'm' }), ['moderator mia']);
  assert.deepEqual(await list('group:a', { prefix: 'u', limit: 2, after: { rank: 'member', user: 'u56' } }), [
    'member u58',
    'member u59',
  ]);
});

test('rooms of a kind are listed by name; deleted ones are in no list', async () => {
  const { store, apply } = freshStore();
  const named = (name: string) => [entry(1, 1, { ...created({ ann: 'owner' }, true), name } as never)];
  for (const [room, name] of Object.entries({ a: 'Tea', b: 'tea', c: 'Coffee', d: 'Tealeaves', e: 'Zoo' }))
    await apply(`channel:${room}`, named(name));
  await apply('group:f', named('Tea'));
  await apply('channel:e', [entry(2, 2, { act: 'delete' })]);
  const page = async (prefix = '', after = '', limit = 10) =>
    (await store.listRooms({ kind: 'channel', prefix, after, limit })).map(({ room, place }) => [room, place] as const);
  assert.deepEqual(
    (await page()).map(([room]) => room),
    ['channel:c', 'channel:a', 'channel:b', 'channel:d'],
  );
  const [, second] = await page('TEA', '', 2);
  assert.deepEqual(
    (await page('TEA', second?.[1])).map(([room]) => room),
    ['channel:d'],
  );
  assert.deepEqual(await store.roomNames(['channel:a', 'channel:e', 'channel:none']), new Map([['channel:a', 'Tea']]));
  assert.equal((await store.roomsOf('ann')).has('channel:e'), false);
});

test('the indexes of new collections are built before their first documents', async () => {
  const { store, apply, database } = freshStore();
  await apply('group:a', [entry(1, 1, created({ ann: 'owner' }))]);
  const names = async (collection: string) =>
    (await database.collection(collection).indexes()).map(({ name }) => name).sort();
  assert.deepEqual(await names('members'), ['_id_', 'room_state_key', 'user_state']);
  assert.deepEqual(await names('rooms'), ['_id_', 'kind_deleted_key']);
  assert.deepEqual(await store.missingIndexes(), []);
  await database.collection('members').dropIndex('user_state');
  assert.deepEqual(await store.missingIndexes(), ['user_state']);
  await store.buildIndexes(['user_state']);
  assert.deepEqual(await store.missingIndexes(), []);
});

test('a join or leave in an inbox is read from its body; another entry is none', () => {
  const stamped = { type: 'member', offset: 9, user: 'bob', cv: 0 };
  const body = { type: 'member', id: 'x', room: 'channel:a', on: true, since: 3, seen: 2 };
  assert.deepEqual(readOwnMembership(stamped, body), {
    user: 'bob',
    room: 'channel:a',
    offset: 9,
    on: true,
    since: 3,
    seen: 2,
  });
  assert.equal(readOwnMembership({ ...stamped, cv: 4 }, body), null);
  assert.equal(readOwnMembership({ ...stamped, type: 'message' }, body), null);
  for (const wrong of [{ on: 'yes' }, { since: -1 }, { seen: '2' }, { room: 7 }])
    assert.equal(readOwnMembership(stamped, { ...body, ...wrong }), null);
  assert.equal(readOwnMembership(stamped, null), null);
});

test('all users are read with their rooms, in pages that lack none of a user', async () => {
  const { store, apply } = freshStore();
  const users = ['ann', 'bob', 'dan', 'eve'];
  const rooms = ['group:a', 'group:b', 'group:c', 'group:gone'];
  for (const room of rooms) {
    await apply(room, [entry(1, 1, created({ ann: 'owner', bob: 'member', dan: 'guest', eve: 'member' }))]);
    if (room !== 'group:c') await apply(room, [entry(2, 2, { act: 'kick', user: 'dan' })]);
  }
  await apply('group:gone', [entry(3, 3, { act: 'delete' })]);
  for (const limit of [1, 3, 5, 100]) {
    const found = new Map<string, readonly string[]>();
    for (let after = ''; ; ) {
      const page = await store.allUsers(after, limit);
      const last = page.at(-1);
      if (!last) break;
      after = last[0];
      for (const [user, having] of page) {
        assert.ok(!found.has(user), `${user} comes twice`);
        assert.deepEqual(having, await store.roomsOf(user));
        found.set(user, [...having].map(([room, { state }]) => `${state} ${room}`).sort());
      }
    }
    const all = rooms.slice(0, 3).map(room => `member ${room}`);
    const dans = ['left group:a', 'left group:b', 'member group:c'];
    assert.deepEqual(
      [...found],
      users.map(user => [user, user === 'dan' ? dans : all]),
    );
  }
});

test('the rooms of a user name the other one of two, and a state of two has their blocks', async () => {
  const { store, apply } = freshStore();
  const make = { ...created({ ann: 'member', bob: 'member' }), kind: 'dm' } as Control;
  await apply('dm:x', [entry(1, 1, make), entry(2, 2, { act: 'block' })]);
  await apply('group:a', [entry(3, 1, created({ ann: 'owner', bob: 'member' }))]);
  const others = async (user: string) =>
    [...(await store.roomsOf(user))].map(([room, { other }]) => [room, other] as const);
  assert.deepEqual(
    new Map(await others('ann')),
    new Map([
      ['dm:x', 'bob'],
      ['group:a', undefined],
    ]),
  );
  assert.deepEqual(
    (await others('bob')).find(([room]) => room === 'dm:x'),
    ['dm:x', 'ann'],
  );
  assert.deepEqual((await store.room('dm:x'))?.blocks, ['ann']);
});
