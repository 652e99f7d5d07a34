import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { readControl } from '../../server/fold/control.ts';
import { foldControl } from '../../server/fold/control-fold.ts';
import { readEntry } from '../../server/fold/entry.ts';
import { RoomFold } from '../../server/fold/room-fold.ts';
import { NO_ROOM, type RoomState } from '../../server/fold/room-state.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { pick, seeded } from '../../tools/support/random.ts';
import { BUILDS, nextId } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { foldedOf } from '../support/chat/folded-items.ts';
import { inboxOf, repeatedIn } from '../support/chat/inbox-of.ts';
import { type Cluster, startCluster } from '../support/chat/local-chat.ts';
import { type Person, person } from '../support/chat/person.ts';

const backends = await startBackends({ after });
const DEDUPE_SECONDS = 10;

/** Follows a room from its first entry, and folds what it gets. */
async function witness(reader: Person, room: string, epoch: string) {
  const messages = new RoomFold();
  const offsets: number[] = [];
  let state: RoomState = NO_ROOM;
  const deletes: { at: number; targets: readonly number[] }[] = [];
  const subscription = reader.sdk.newSubscription(room, { since: { offset: 0, epoch } });
  subscription.on('publication', ({ offset = 0, data, tags, info }) => {
    offsets.push(offset);
    const body = reader.value(data);
    const stamped = { type: tags?.['type'] ?? '', offset, user: info?.user ?? '' };
    const entry = readEntry(stamped, body);
    if (entry) messages.add(entry);
    if (entry?.type === 'delete') deletes.push({ at: offset, targets: entry.targets.map(({ target }) => target) });
    const control = readControl(stamped, body);
    if (control) state = foldControl(state, control);
  });
  subscription.subscribe();
  await subscription.ready(60_000);
  return { offsets, messages, deletes, state: () => state };
}

/** Writes, changes and deletes messages, and acts as staff, until told to stop. */
function goOn(t: TestContext, people: readonly Person[], room: string, random: () => number) {
  const known: { target: number; of: string }[] = [];
  let stopped = false;
  let acts = 0;
  let round = 0;
  const step = async (by: Person) => {
    const of = nextId();
    if (known.length < 5) return void known.push({ target: (await by.send(room, `text ${round}`, of)).offset, of });
    const about = { room, ...pick(random, known) };
    await pick<() => Promise<unknown>>(random, [
      async () => known.push({ target: (await by.send(room, `text ${round}`, of)).offset, of }),
      () => by.act('message.edit', { ...about, text: `edit ${round}` }),
      () => by.act('message.react', { ...about, emoji: pick(random, ['👍', '🎉']), on: random() < 0.7 }),
      () => by.act('message.delete', { room, targets: [{ target: about.target, of: about.of }] }),
    ])();
  };
  const done = (async () => {
    for (; !stopped; round++) {
      // Another's message, one that is deleted, and NATS' or MongoDB's temporary errors while a view is made again.
      await step(pick(random, people)).catch((error: { readonly code?: number }) =>
        assert.ok([100, 103, 404, 410].includes(error.code ?? 0), String(error)),
      );
      if (round % 10 !== 9) continue;
      const role = acts % 2 === 0 ? ('moderator' as const) : ('member' as const);
      const act = { room, user: 'eve', role, id: nextId() };
      await until('the act is done', () => people[0]?.act('room.role', act).catch(() => null));
      acts += 1;
    }
  })();
  t.after(() => {
    stopped = true;
  });
  return {
    acts: () => acts,
    stop: async () => {
      stopped = true;
      await done;
    },
  };
}

/** Waits until everything that is derived from LOG is what one who read it knows. */
async function equals(
  cluster: Cluster,
  room: string,
  { messages, deletes, state }: Awaited<ReturnType<typeof witness>>,
  reader: Person,
) {
  const expected = state();
  await until('POLICY is complete', async () => await cluster.policyComplete(), { ms: 60_000 });
  await until('POLICY has the last act', async () => (await cluster.policy({ room }))?.cv === expected.cv, {
    ms: 60_000,
  });
  assert.deepEqual(await cluster.policy({ room }), expected);
  await until('LAST has the deletes', async () => (await cluster.digest(room))?.deletions?.length === deletes.length, {
    ms: 60_000,
    state: async () => [(await cluster.digest(room))?.deletions?.length, deletes.length],
  });
  assert.deepEqual((await cluster.digest(room))?.deletions, deletes);
  const archived = () => cluster.collection('rooms').findOne({ _id: room as never });
  await until('MongoDB has the room', async () => (await archived())?.['cv'] === expected.cv, { ms: 60_000 });
  const members = async () => {
    const found = await cluster.collection('members').find({ room, state: 'member' }).toArray();
    return Object.fromEntries(found.map(({ user, rank }) => [user, rank]).sort());
  };
  const ranks = [...expected.members].filter(([, known]) => known.state === 'member');
  assert.deepEqual(await members(), Object.fromEntries(ranks.map(([user, { rank }]) => [user, rank] as const).sort()));
  const list = async () => {
    const fold = new RoomFold();
    for (let before: number | undefined; ; ) {
      const page = await reader.act('message.list', { room, limit: 100, ...(before === undefined ? {} : { before }) });
      for (const item of page.items) fold.addFolded(foldedOf(item as never), page.upto);
      before = page.items[0]?.offset;
      if (before === undefined) return fold.messages();
    }
  };
  assert.deepEqual(await list(), messages.messages());
}

for (const build of BUILDS)
  test(`${build}: POLICY and LAST are wiped and all views dropped at once while a group goes on: an equal state, and nobody is told twice`, async t => {
    const env = { CHAT_DEDUPE_SECONDS: String(DEDUPE_SECONDS), CHAT_MESSAGES_PER_SECOND_PER_ROOM: '100000' };
    const cluster = await startCluster(t, backends, { env });
    const random = seeded(17);
    const on = (at: 0 | 1, user: string) => person(t, cluster.gateways[at].url, user, { build });
    const [ann, bob, eve, dan] = [await on(0, 'ann'), await on(1, 'bob'), await on(1, 'eve'), await on(0, 'dan')];
    const { room } = await ann.act('room.create', { kind: 'group', name: 'Tea', members: ['bob', 'eve', 'dan'] });
    const { epoch } = await ann.send(room, 'first');
    const seen = await witness(eve, room, epoch);
    const going = goOn(t, [ann, bob, eve], room, random);
    await ann.act('room.kick', { room, user: 'dan' });
    const kickedAt = performance.now();
    await until(
      'LOG has forgotten the keys of the first notices',
      () => performance.now() - kickedAt > DEDUPE_SECONDS * 1_000 && going.acts() > 3,
      { ms: 60_000 },
    );
    await until('dan is told', async () => (await inboxOf(dan)).length === 2);

    const acts = going.acts();
    const dropped = ['folds', 'reactions', 'rooms', 'members'].map(name => cluster.collection(name).deleteMany({}));
    await Promise.all([cluster.wipePolicy(), cluster.wipeLast(), ...dropped]);
    for (const { deletedCount } of await Promise.all(dropped)) assert.ok(deletedCount > 0);
    await until('POLICY is complete', async () => await cluster.policyComplete(), { ms: 60_000 });
    await until('staff has acted again', () => going.acts() > acts + 2, { ms: 60_000 });
    await going.stop();
    const { offset: last } = await until('the last message is stored', () => ann.send(room, 'last').catch(() => null));
    await until('the witness has all', () => seen.offsets.at(-1) === last);

    assert.ok(seen.deletes.length > 0 && seen.messages.messages().some(({ reactions }) => reactions.length > 0));
    assert.deepEqual(
      seen.offsets,
      [...new Set(seen.offsets)].sort((a, b) => a - b),
      'in order, and once',
    );
    for (const reader of [ann, bob]) await equals(cluster, room, seen, reader);
    assert.equal(await dan.code('room.get', { room }), 103);
    const counted = async () => {
      const inboxes = await Promise.all([ann, bob, eve, dan].map(inboxOf));
      for (const entries of inboxes) assert.deepEqual(repeatedIn(entries), []);
      return inboxes.map(({ length }) => length);
    };
    const expected = [1, 1, 1 + going.acts(), 2];
    await until('all are told', async () => (await counted()).join() === expected.join(), {
      ms: 30_000,
      state: counted,
    });
    const documents = await cluster.collection('messages').find({ room }).toArray();
    assert.equal(new Set(documents.map(({ offset }) => offset)).size, documents.length);
    t.diagnostic(`${seen.offsets.length} entries, ${going.acts()} acts`);
  });
