import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { jetstream } from '@nats-io/jetstream';
import { pino } from 'pino';
import { writeEnvelope } from '../../server/bus/envelope.ts';
import { eraser } from '../../server/bus/erase.ts';
import { firstKept } from '../../server/bus/first-kept.ts';
import { foldLog } from '../../server/bus/fold-log.ts';
import type { Entry } from '../../server/fold/entry.ts';
import { RoomFold } from '../../server/fold/room-fold.ts';
import { mongoStore } from '../../server/store/mongo.ts';
import { systemClock } from '../../server/time/clock.ts';
import { Runner } from '../../server/worker/fold/runner.ts';
import { Erasing } from '../../server/worker/views/erasing.ts';
import { ViewsFold, type ViewsParts } from '../../server/worker/views/views.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { storeBench, streamsReady } from '../../tools/support/store-bench.ts';
import { until } from '../../tools/support/until.ts';

const backends = await startBackends({ after });
const ROOM = 'channel:views';
const whole = { after: 0, before: Number.POSITIVE_INFINITY, limit: 1_000, reverse: false };
const STEPS = [
  'read',
  ...['apply', 'note', 'save', 'erase', 'drop'].flatMap(step => [`before ${step}`, `after ${step}`]),
];

/** A stream and a database without a worker. Entries are stored as they are published; a test runs the fold. */
async function foldBench(t: TestContext) {
  const bench = await storeBench(t, backends);
  const { names, nats, jsm } = bench;
  const worker = await bench.worker();
  await streamsReady(worker);
  await worker.stop();
  const store = mongoStore(backends.mongo.uri, names.database);
  t.after(() => store.close());
  const state = foldLog(nats, jsm, names);
  const { epoch } = await state.state(0);
  const published: Entry[] = [];
  /** Publishes an entry. @returns its offset */
  const publish = async (entry: Omit<Entry, 'offset'> & Readonly<Record<string, unknown>>): Promise<number> => {
    const { type, id = '', user = 'ann', ...rest } = entry as { type: string; id?: string; user?: string };
    const envelope = { type, id, user, dedupe: '', time: 1, client: 'c', traceparent: '', cv: 0, seen: 0, targets: [] };
    const body = Buffer.from(JSON.stringify({ type, id, ...rest }));
    const { seq } = await jetstream(nats).publish(names.log(0, ROOM), body, { headers: writeEnvelope(envelope) });
    await store.write(0, [{ ...envelope, room: ROOM, epoch, offset: seq, storedAt: seq, body }]);
    published.push({ ...entry, id, user, offset: seq } as unknown as Entry);
    return seq;
  };
  /** Called at each step of the fold; may throw. */
  const steps: { at: (step: string) => void } = { at: () => undefined };
  const around =
    <A extends unknown[], R>(step: string, work: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      steps.at(`before ${step}`);
      const result = await work(...args);
      steps.at(`after ${step}`);
      return result;
    };
  /** Time up to which ids are forgotten: a text may be erased. */
  const forgotten = { before: Number.POSITIVE_INFINITY };
  const stepped: ViewsParts['store'] = {
    readPosition: async partition => {
      steps.at('read');
      return await store.readPosition(partition);
    },
    room: room => store.room(room),
    applyRooms: store.applyRooms.bind(store),
    users: store.users,
    contacts: store.contacts,
    readEntries: around('page', store.readEntries.bind(store)),
    readChecked: store.readChecked.bind(store),
    applyChanges: around('apply', store.applyChanges.bind(store)),
    savePosition: around('save', store.savePosition.bind(store)),
    positionLease: store.positionLease.bind(store),
    noteErasures: around('note', store.noteErasures.bind(store)),
    readErasures: store.readErasures.bind(store),
    dropErasures: around('drop', store.dropErasures.bind(store)),
  };
  const parts = (): ViewsParts => ({
    store: stepped,
    storedUpTo: async () => Number.POSITIVE_INFINITY,
    firstKept: firstKept(jsm, names),
    erasing: new Erasing({
      store: stepped,
      erase: around('erase', eraser(jsm, names)),
      forgottenIds: async () => forgotten.before,
      stateUpTo: async () => Number.POSITIVE_INFINITY,
      failed: () => undefined,
      clock: systemClock,
      log: pino({ level: 'silent' }),
    }),
    clock: systemClock,
  });
  let lease = Date.now(); // above that of the worker, which may have folded
  /** Starts a holder of the lease. The returned function ends its lease, as a killed process does. */
  const hold = (): (() => void) => {
    const ended = new AbortController();
    const runner = new Runner({
      fold: new ViewsFold(parts()),
      foldLog: state,
      names,
      ready: async () => undefined,
      folded: () => undefined,
      failing: () => undefined,
      clock: systemClock,
      random: () => 0,
      log: pino({ level: 'silent' }),
    });
    void runner.run({ fold: 'views', partition: 0, epoch: ++lease, signal: ended.signal });
    t.after(() => ended.abort());
    return () => ended.abort();
  };
  const folded = () => {
    const fold = new RoomFold();
    for (const entry of published) fold.add(entry);
    return fold.messages();
  };
  const reached = async () => {
    const { last } = await state.state(0);
    await until('everything is folded', async () => (await store.readPosition(0))?.at === last, {
      state: () => store.readPosition(0),
    });
    return (await store.readFolded(ROOM, whole)).messages;
  };
  /** Texts in a stream, by offset. */
  const textsIn = async (stream: string) => {
    const { first_seq, last_seq } = (await jsm.streams.info(stream)).state;
    const found: string[] = [];
    for (let seq = first_seq; seq <= last_seq; seq++)
      found.push((await jsm.streams.getMessage(stream, { seq }).catch(() => null))?.string() ?? '');
    return found.join('\n');
  };
  /** Removes all entries from LOG, as workers of a version without folds do once MongoDB has them. */
  const purge = async () => {
    const { last } = await state.state(0);
    await until('LIVE has all', async () => (await jsm.streams.info(names.liveStream(0))).state.last_seq === last);
    await jsm.streams.purge(names.logStream(0), { seq: last + 1 });
  };
  return { ...bench, store, publish, steps, hold, folded, reached, purge, textsIn, forgotten };
}

/** Publishes a message that stays, and one that is edited and deleted. */
async function someActs({ publish }: Pick<Awaited<ReturnType<typeof foldBench>>, 'publish'>, name: string) {
  const target = await publish({ type: 'message', id: `${name}1`, text: `${name} stays`, time: 1 });
  const about = { target, of: `${name}1` };
  const gone = await publish({ type: 'message', id: `${name}2`, text: 'secret', time: 2 });
  await publish({ type: 'edit', ...about, text: `${name} edited` });
  await publish({ type: 'edit', target: gone, of: `${name}2`, text: 'secret too' });
  await publish({ type: 'reaction', ...about, user: 'eve', emoji: '👍', on: true });
  await publish({ type: 'delete', targets: [{ target: gone, of: `${name}2` }] });
  await publish({ type: 'edit', target: gone, of: `${name}2`, text: 'secret again' });
}

for (const killed of STEPS)
  test(`a worker that is killed at every "${killed}" is replaced: the same messages, and deleted texts are gone`, async t => {
    const bench = await foldBench(t);
    const { names, steps, hold, folded, reached, textsIn } = bench;
    await someActs(bench, 'a');
    let kills = 0;
    let kill: () => void = () => undefined;
    steps.at = step => {
      if (step !== killed || kills >= 4) return;
      kills += 1;
      kill();
      kill = hold();
      throw new Error('killed');
    };
    kill = hold();
    assert.deepEqual(await reached(), folded());
    await someActs(bench, 'b');
    assert.deepEqual(await reached(), folded());
    assert.doesNotMatch(JSON.stringify(await bench.documents('messages')), /secret/);
    const streams = [names.logStream(0), names.liveStream(0)];
    const texts = async () => (await Promise.all(streams.map(textsIn))).join('\n');
    await until('everything is erased', async () => !(await texts()).includes('secret'));
    await until('nothing is listed', async () => (await bench.store.readErasures(0, 1)).length === 0);
    assert.ok(kills > 0, 'nobody was killed');
    for (const stream of streams) assert.match(await textsIn(stream), /a stays/);
  });

test('a deleted text stays in the streams until its id is forgotten, whoever holds the lease then', async t => {
  const bench = await foldBench(t);
  const { names, forgotten, hold, reached, store } = bench;
  const text = () => bench.textsIn(names.logStream(0));
  forgotten.before = 0;
  const end = hold();
  await someActs(bench, 'a');
  await reached();
  const listed = async () => (await store.readErasures(0, 100)).map(({ offset }) => offset);
  await until('all are listed', async () => (await listed()).length === 3);
  end();
  await someActs(bench, 'b');
  hold();
  await reached();
  assert.match(await text(), /secret/);
  forgotten.before = Number.POSITIVE_INFINITY;
  await until('it is erased', async () => !(await text()).includes('secret'));
  await until('nothing is listed', async () => (await listed()).length === 0);
});

test('views that are dropped, or rolled back with MongoDB, are made again while entries come', async t => {
  const bench = await foldBench(t);
  const { hold, folded, reached, collection } = bench;
  hold();
  await someActs(bench, 'a');
  await reached();
  const before = await bench.documents('folds');
  await someActs(bench, 'b');
  await reached();
  for (const name of ['folds', 'reactions']) await collection(name).deleteMany({});
  await someActs(bench, 'c');
  assert.deepEqual(await reached(), folded());
  // A backup of MongoDB from after the first acts.
  await collection('folds').deleteMany({});
  await collection('folds').insertMany(before);
  await collection('reactions').deleteMany({});
  const fields = { rev: '', text: '', edits: '', rx: '', rxAt: '' };
  await collection('messages').updateMany({ offset: { $gt: 7 }, deleted: null }, { $unset: fields });
  await someActs(bench, 'd');
  assert.deepEqual(
    (await reached()).map(message => ({ ...message, reactions: message.reactions.length })),
    folded().map(message => ({ ...message, reactions: message.reactions.length })),
  );
});

test('entries that LOG does not have any more are applied from MongoDB, by workers that are killed at every step', async t => {
  const bench = await foldBench(t);
  const { names, publish, steps, hold, folded, reached, purge, textsIn } = bench;
  await someActs(bench, 'a');
  const target = await publish({ type: 'message', id: 'm', text: 'first', time: 1 });
  const about = { target, of: 'm' };
  // More than two pages; each edit counts only upon the one before.
  for (let rev = target, count = 0; count < 450; count++) {
    if (count % 3 === 0)
      await publish({ type: 'reaction', ...about, user: `u${count % 7}`, emoji: '👍', on: count % 2 > 0 });
    rev = await publish({ type: 'edit', ...about, text: `edit ${count}`, rev });
  }
  await someActs(bench, 'b');
  await purge();
  const seen = new Map<string, number>();
  let kill: () => void = () => undefined;
  steps.at = step => {
    const times = (seen.get(step) ?? 0) + 1;
    seen.set(step, times);
    if (times % 2 > 0 || times > 6) return;
    kill();
    kill = hold();
    throw new Error('killed');
  };
  kill = hold();
  assert.deepEqual(await reached(), folded());
  assert.ok((seen.get('after page') ?? 0) > 3, 'pages were read');
  await someActs(bench, 'c');
  assert.deepEqual(await reached(), folded());
  const text = () => textsIn(names.liveStream(0));
  await until('everything is erased', async () => !(await text()).includes('secret'));
  for (const place of [await text(), JSON.stringify(await bench.documents('messages'))]) {
    assert.match(place, /a stays/);
    assert.doesNotMatch(place, /secret/);
  }
});

test('views that are dropped after LOG was purged are made again from MongoDB, with all votes', async t => {
  const bench = await foldBench(t);
  const { names, jsm, publish, steps, hold, folded, reached, purge, collection } = bench;
  hold();
  await someActs(bench, 'a');
  await someActs(bench, 'b');
  await reached();
  await purge();
  await jsm.streams.purge(names.liveStream(0));
  const noted: string[] = [];
  steps.at = step => void (step === 'before note' && noted.push(step));
  const before = await bench.documents('reactions');
  assert.ok(before.length > 0);
  for (const name of ['reactions', 'folds']) await collection(name).deleteMany({});
  const { length } = before;
  await until('the votes are there', async () => (await bench.documents('reactions')).length === length);
  assert.deepEqual(await reached(), folded());
  assert.deepEqual(noted, [], 'the streams have nothing to erase');
  // A new vote counts beside those that LOG does not have.
  await publish({ type: 'reaction', target: 1, of: 'a1', user: 'bob', emoji: '👍', on: true });
  assert.deepEqual(await reached(), folded());
});
