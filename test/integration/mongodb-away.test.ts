import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { BUILDS, nextId } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { inboxOf, repeatedIn } from '../support/chat/inbox-of.ts';
import { startCluster } from '../support/chat/local-chat.ts';
import { type Person, person } from '../support/chat/person.ts';

const backends = await startBackends({ after });
const external = !backends.mongo.controllable && 'the MongoDB of MONGODB_URI cannot be stopped from here';
/** Options by which stored messages leave LOG as soon as they may, so that MongoDB alone has the first ones. */
const env = { CHAT_HOT_WINDOW_SECONDS: '0', CHAT_DEDUPE_SECONDS: '10', CHAT_PURGE_SECONDS: '1' };
const OLD = 'channel:old';

const ranksOf = async (reader: Person, room: string) =>
  Object.fromEntries((await reader.act('room.members', { room })).users.map(({ user, role }) => [user, role]));

/** Follows a room. `types` has what each entry was, in order. */
async function follow(reader: Person, room: string) {
  const subscription = await reader.subscribe(room);
  const offsets: number[] = [];
  const types: string[] = [];
  const ends: number[] = [];
  subscription.on('publication', ({ offset = 0, data }) => {
    const { type, act } = reader.value(data) as { readonly type: string; readonly act?: string };
    offsets.push(offset);
    types.push(act ?? type);
  });
  subscription.on('unsubscribed', ({ code }) => void ends.push(code));
  return { offsets, types, ends };
}

for (const build of BUILDS)
  test(`${build}: while MongoDB is away groups go on with what NATS has, and the rest is refused as temporary; then it catches up, and nobody is told twice`, {
    skip: external,
  }, async t => {
    const cluster = await startCluster(t, backends, { env });
    const on = (at: 0 | 1, user: string) => person(t, cluster.gateways[at].url, user, { build });
    const [ann, bob, eve, dan] = [await on(0, 'ann'), await on(1, 'bob'), await on(1, 'eve'), await on(0, 'dan')];
    const id = nextId();
    const old = { target: (await ann.send(OLD, 'old', id)).offset, of: id };
    const { room } = await ann.act('room.create', {
      kind: 'group',
      name: 'Tea',
      members: ['bob', 'eve', 'dan', 'fay'],
    });
    await ann.act('room.role', { room, user: 'eve', role: 'admin' });
    const { epoch } = await ann.send(room, 'before all');
    const oldest = (await ann.send(room, 'the last that MongoDB alone has')).offset;
    await until('LOG lacks the first messages', async () => {
      const [firstOld, firstOfGroup] = [await cluster.firstOffset(OLD), await cluster.firstOffset(room)];
      return firstOld > old.target && firstOfGroup > oldest;
    });
    await until('POLICY is complete', async () => await cluster.policyComplete());

    await backends.mongo.stop();
    t.after(() => backends.mongo.start());

    // A connection, with a user that no gateway has seen, and subscriptions.
    const fay = await on(1, 'fay');
    const [eves, fays, bobs] = [await follow(eve, room), await follow(fay, room), await follow(bob, room)];
    const bobsNotices: unknown[] = [];
    bob.sdk.on('publication', ({ channel, data }) => {
      if (channel === 'user:bob') bobsNotices.push((bob.value(data) as { readonly act?: string }).act);
    });
    // Messages and changes of messages that LOG has, on both gateways.
    const [hot, doomed] = [nextId(), nextId()];
    const target = (await dan.send(room, 'hot', hot)).offset;
    const gone = (await fay.send(room, 'secret', doomed)).offset;
    await dan.act('message.edit', { room, target, of: hot, text: 'hot, edited' });
    await eve.act('message.react', { room, target, of: hot, emoji: '👍', on: true });
    await fay.act('message.react', { room, target, of: hot, emoji: '👍', on: true });
    await fay.act('message.react', { room, target, of: hot, emoji: '👍', on: false });
    await fay.act('message.delete', { room, targets: [{ target: gone, of: doomed }] });
    // Acts of staff on both gateways.
    await ann.act('room.kick', { room, user: 'bob' });
    await until('bob is put out', () => bobs.ends.length > 0);
    assert.deepEqual([bobs.ends, bobs.types.at(-1)], [[2100], 'kick']);
    assert.deepEqual(
      await Promise.all([bob.code('message.send', { room, text: 'no' }), bob.code('room.get', { room })]),
      [103, 103],
    );
    await eve.act('room.role', { room, user: 'dan', role: 'moderator' });
    await ann.act('room.leave', { room }); // the only owner: the oldest admin follows
    const ranks = { eve: 'owner', dan: 'moderator', fay: 'member' };
    for (const reader of [dan, fay]) assert.deepEqual(await ranksOf(reader, room), ranks);
    await eve.act('room.role', { room, user: 'fay', role: 'admin' });
    const { room: another } = await fay.act('room.create', { kind: 'group', name: 'Cake', members: ['dan'] });
    await fay.act('room.add', { room: another, users: ['eve'] });
    const listed = async (reader: Person) =>
      (await reader.act('room.list', {})).items.map(each => [each.room, each.state]).sort();
    const both = [room, another].map(name => [name, 'member']).sort();
    for (const reader of [eve, dan, fay]) assert.deepEqual(await listed(reader), both);
    assert.deepEqual(await listed(bob), []);
    // Workers keep `state` going: POLICY, and notices to users whose gateways need not know.
    const { cv } = await dan.act('room.get', { room });
    await until('POLICY has the last act', async () => (await cluster.policy({ room }))?.cv === cv);
    await until('bob is told', () => bobsNotices.includes('kick'));

    // What LOG has is read from it.
    const hotPage = async (reader: Person) =>
      (await reader.act('message.list', { room, after: target - 1 })).items.map(
        ({ text = '', deleted, reactions = [] }) => [
          text,
          deleted === undefined,
          reactions.map(({ users }) => users.map(({ user }) => user)),
        ],
      );
    const expected = [
      ['hot, edited', true, [['eve']]],
      ['', false, []],
    ];
    for (const reader of [dan, fay]) assert.deepEqual(await hotPage(reader), expected);

    // What only MongoDB has is refused for now. It is neither missing, nor forbidden, nor empty.
    const temporary = { code: 100, temporary: true };
    const { of } = old;
    const asks: Readonly<Record<string, () => Promise<unknown>>> = {
      history: () => dan.sdk.history(room, { limit: 100, since: { offset: 0, epoch } }),
      'history of a quiet room': () => dan.sdk.history(OLD, { limit: 100 }),
      'a page': () => dan.act('message.list', { room, before: oldest + 1 }),
      'the first page': () => dan.act('message.list', { room, after: 0 }),
      'a page of a quiet room': () => fay.act('message.list', { room: OLD }),
      'a page around a message': () => fay.act('message.list', { room: OLD, around: old.target }),
      'a message': () => dan.act('message.get', { room: OLD, ids: [old] }),
      'an edit': () => ann.act('message.edit', { room: OLD, ...old, text: 'no' }),
      'a reaction': () => fay.act('message.react', { room: OLD, ...old, emoji: '👍', on: true }),
      'a delete': () => ann.act('message.delete', { room: OLD, targets: [old] }),
      'a reply': () => fay.act('message.send', { room: OLD, text: 'no', replyTo: { offset: old.target, id: of } }),
      'rooms of a kind': () => dan.act('room.discover', { kind: 'channel' }),
      'members of an open room': () => dan.act('room.members', { room: OLD }),
    };
    for (const [what, ask] of Object.entries(asks)) await assert.rejects(ask, temporary, what);

    await backends.mongo.start();
    const { offset: last } = await eve.send(room, 'the end');
    await until('members have all', () => [eves, fays].every(({ offsets }) => offsets.at(-1) === last));
    assert.deepEqual(eves.offsets, fays.offsets);
    assert.equal(new Set(eves.offsets).size, eves.offsets.length);
    const document = () => cluster.collection('messages').findOne({ room, offset: target });
    await until('views have the edit', async () => (await document())?.['rev'] > target, {
      state: document,
      ms: 60_000,
    });
    const state = await until('POLICY has it', () => cluster.policy({ room }));
    const archived = () => cluster.collection('rooms').findOne({ _id: room as never });
    await until('MongoDB has the last act', async () => (await archived())?.['cv'] === state.cv, { ms: 60_000 });
    const members = await cluster.collection('members').find({ room, state: 'member' }).toArray();
    assert.deepEqual(
      Object.fromEntries(members.map(({ user, rank }) => [user, rank])),
      Object.fromEntries(
        [...state.members].filter(([, known]) => known.state === 'member').map(([user, { rank }]) => [user, rank]),
      ),
    );
    await until('the deleted text is gone', async () => {
      const found = await cluster.collection('messages').find({ room }).toArray();
      return found.length > 0 && !JSON.stringify(found.map(({ body }) => String(body))).includes('secret');
    });
    assert.equal(await cluster.rejectedCount(), 0);
    for (const reader of [dan, fay]) {
      const page = await until('lists go on', () => hotPage(reader).catch(() => null));
      assert.deepEqual(page, [...expected, ['the end', true, []]]);
      const { items } = await reader.act('message.list', { room, before: oldest + 1 });
      assert.equal(items.at(-1)?.text, 'the last that MongoDB alone has');
    }
    // The next worker reads all that LOG has again.
    await cluster.stopWorker();
    await cluster.startWorker();
    const offset = (await eve.send(room, 'after the worker')).offset;
    await until('it is stored', () => cluster.collection('messages').findOne({ room, offset }));
    const notices = async () => {
      const inboxes = await Promise.all(
        [ann, bob, eve, dan, fay].map(async each => [each.user, await inboxOf(each)] as const),
      );
      for (const [user, entries] of inboxes) assert.deepEqual(repeatedIn(entries), [], user);
      // Notices of two rooms come in any order.
      return inboxes.map(([user, entries]) => [user, entries.map(({ act }) => act).sort()] as const);
    };
    const expectedNotices = {
      ann: ['create', 'leave'],
      bob: ['create', 'kick'],
      eve: ['add', 'create', 'leave', 'role'],
      dan: ['create', 'create', 'role'],
      fay: ['create', 'create', 'role'],
    };
    const total = Object.values(expectedNotices).flat().length;
    await until('all are told', async () => (await notices()).flatMap(([, acts]) => acts).length >= total);
    assert.deepEqual(Object.fromEntries(await notices()), expectedNotices);
  });

test('processes start while MongoDB is away: gateways serve groups, the worker keeps POLICY and tells users, and stores when MongoDB is back', {
  skip: external,
}, async t => {
  const cluster = await startCluster(t, backends);
  const owner = await person(t, cluster.gateways[0].url, 'ann');
  const { room } = await owner.act('room.create', { kind: 'group', name: 'Tea', members: ['bob', 'eve'] });
  await until('POLICY is complete', async () => await cluster.policyComplete());
  const archived = () => cluster.collection('rooms').findOne({ _id: room as never });
  await until('MongoDB has the room', archived);
  await backends.mongo.stop();
  t.after(() => backends.mongo.start());
  await Promise.all([cluster.stopWorker(), cluster.restartGateways()]);
  const before = await cluster.rawPolicy({ room });
  const [first, second] = cluster.gateways;
  const ann = await person(t, first.url, 'ann');
  const bob = await person(t, second.url, 'bob', { build: 'protobuf' });
  const eve = await person(t, second.url, 'eve');
  const [bobs, eves] = [await follow(bob, room), await follow(eve, room)];
  await ann.send(room, 'hello');
  await ann.act('room.kick', { room, user: 'eve' });
  await ann.act('room.leave', { room });
  await until('eve is put out', () => eves.ends.length > 0);
  await until('bob has all', () => bobs.types.length === 3);
  assert.deepEqual(
    [eves.types, bobs.types],
    [
      ['message', 'kick'],
      ['message', 'kick', 'leave'],
    ],
  );
  assert.deepEqual(await ranksOf(bob, room), { bob: 'owner' });
  assert.equal(await eve.code('room.get', { room }), 103);

  // As if the gateways had ended before they wrote POLICY: the worker writes it, and tells those concerned.
  await before.putBack();
  assert.equal((await cluster.policy({ room }))?.cv, 1);
  const worker = cluster.startWorker();
  worker.catch(() => undefined); // awaited below
  await until('POLICY has the acts', async () => (await cluster.policy({ room }))?.cv === 3);
  for (const [who, act] of [
    [eve, 'kick'],
    [bob, 'leave'],
  ] as const)
    await until(`${who.user} is told`, async () => (await inboxOf(who)).some(each => each.act === act));

  await backends.mongo.start();
  await worker;
  await until('MongoDB has the acts', async () => (await archived())?.['cv'] === 3, { ms: 60_000 });
  const acts = async (by: Person) => (await inboxOf(by)).map(({ act }) => act);
  await until('all are told', async () => (await Promise.all([eve, bob].map(acts))).flat().length >= 4, { ms: 60_000 });
  assert.deepEqual(
    [await acts(eve), await acts(bob)],
    [
      ['create', 'kick'],
      ['create', 'leave'],
    ],
  );
});
