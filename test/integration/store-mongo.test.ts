import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Collection, MongoClient } from 'mongodb';
import { type LoggedMessage, StoreRolledBack, StoreUnavailable } from '../../server/room/history-store.ts';
import { mongoStore } from '../../server/store/mongo.ts';
import { startMongo } from '../../tools/local/mongo.ts';
import { until } from '../../tools/support/until.ts';

const mongo = await startMongo();
test.after(() => mongo.close());
const client = new MongoClient(mongo.uri);
test.after(() => client.close());

let databases = 0;
type Teardown = { after(work: () => Promise<void>): void };

/** A store on a database of its own. */
function freshStore(t: Teardown) {
  const name = `chat_test_${process.pid}_${databases++}`;
  const store = mongoStore(mongo.uri, name);
  const database = client.db(name);
  t.after(async () => {
    await store.close();
    await database.dropDatabase();
  });
  return { store, database };
}

function message(offset: number, over: Partial<LoggedMessage> = {}): LoggedMessage {
  return {
    room: 'channel:a',
    epoch: 'e1',
    offset,
    storedAt: 1_700_000_000_000_000 + offset,
    type: 'message',
    id: `id-${offset}`,
    dedupe: `key-${offset}`,
    time: 1_700_000_000_000 + offset,
    user: 'älice',
    client: 'c1',
    traceparent: '',
    cv: 0,
    seen: 0,
    targets: [],
    body: Buffer.from(`{"text":"héllo ${offset}"}`),
    ...over,
  };
}
const whole = { after: 0, before: Number.POSITIVE_INFINITY, limit: 100, reverse: false };
const offsets = (found: readonly { offset: number }[]): number[] => found.map(each => each.offset);

test('a message reads back as it was written, a body that would end a frame as null', async t => {
  const { store } = freshStore(t);
  const bare = message(2, { id: '', dedupe: '', type: 'publish', traceparent: '00-a-b-01' });
  const strange = message(3, { body: Uint8Array.of(0x22, 0xff, 0x22), time: Number.NaN });
  assert.deepEqual((await store.write(0, [message(1), bare, strange])).rejected, []);
  const found = await store.read('channel:a', whole);
  const { storedAt: _, ...first } = message(1);
  assert.deepEqual({ ...found[0], body: Buffer.from(found[0]?.body ?? []) }, first);
  assert.equal(found[1]?.id, '');
  assert.equal(found[1]?.traceparent, '00-a-b-01');
  assert.equal(Buffer.from(found[2]?.body ?? []).toString(), 'null');
  assert.equal(found[2]?.time, Math.floor(strange.storedAt / 1000));
});

test('a batch that was half stored before is stored once', async t => {
  const { store, database } = freshStore(t);
  await store.write(0, [message(1), message(3)]);
  const { rejected } = await store.write(0, [message(1), message(2), message(3), message(4)]);
  assert.deepEqual(rejected, []);
  assert.equal(await database.collection('messages').countDocuments(), 4);
});

test('the same message under a new epoch is the same message, another one at its offset is not', async t => {
  const { store } = freshStore(t);
  await store.write(0, [message(1)]);
  await store.write(0, [message(1, { epoch: 'e2' })]);
  await store.write(0, [message(1, { storedAt: 1_800_000_000_000_000, epoch: 'e2', id: 'other' })]);
  const found = await store.read('channel:a', whole);
  assert.deepEqual(found.map(each => `${each.epoch} ${each.id}`).sort(), ['e1 id-1', 'e2 other']);
});

test('partitions do not share offsets', async t => {
  const { store, database } = freshStore(t);
  await store.write(0, [message(1)]);
  await store.write(1, [message(1, { room: 'channel:b' })]);
  assert.equal(await database.collection('messages').countDocuments(), 2);
  assert.equal((await store.floor(1)).offset, 1);
});

test('history is read between two offsets, in both directions, at most the limit', async t => {
  const { store } = freshStore(t);
  await store.write(0, [...[1, 2, 3, 5, 8, 13].map(offset => message(offset)), message(4, { room: 'channel:b' })]);
  const read = (range: Partial<typeof whole>) => store.read('channel:a', { ...whole, ...range }).then(offsets);
  assert.deepEqual(await read({}), [1, 2, 3, 5, 8, 13]);
  assert.deepEqual(await read({ after: 2, before: 13 }), [3, 5, 8]);
  assert.deepEqual(await read({ after: 2, limit: 2 }), [3, 5]);
  assert.deepEqual(await read({ before: 13, limit: 2, reverse: true }), [8, 5]);
  assert.equal(await store.count('channel:a', { after: 1, before: 13 }, 100), 4);
  assert.equal(await store.count('channel:a', { after: 1, before: 13 }, 3), 3);
  assert.equal(await store.count('channel:none', whole, 3), 0);
});

test('a page does not end between two messages of one offset', async t => {
  const { store } = freshStore(t);
  await store.write(0, [message(1), message(2), message(2, { storedAt: 1, id: 'twin' }), message(3)]);
  assert.deepEqual(offsets(await store.read('channel:a', { ...whole, limit: 2 })), [1, 2, 2]);
  assert.deepEqual(offsets(await store.read('channel:a', { ...whole, after: 2, limit: 2 })), [3]);
});

test('the first message of an id is found, of the same user and room alone', async t => {
  const { store } = freshStore(t);
  await store.write(0, [
    message(7, { dedupe: 'k', epoch: 'e7' }),
    message(5, { dedupe: 'k' }),
    message(6, { dedupe: '' }),
  ]);
  assert.deepEqual(await store.findSent({ id: message(5).id, dedupe: 'k' }), { offset: 5, epoch: 'e1' });
  assert.equal(await store.findSent({ id: message(5).id, dedupe: 'another room' }), null);
  assert.equal(await store.findSent({ id: 'another', dedupe: 'k' }), null);
});

test('the floor of a partition only rises, also when two workers raise it at once', async t => {
  const { store } = freshStore(t);
  assert.deepEqual(await store.floor(0), { offset: 0, complete: null, rolledBack: false });
  await Promise.all([store.write(0, [message(40)]), store.write(0, [message(41)]), store.write(0, [message(39)])]);
  await store.write(0, [message(3)]);
  assert.equal((await store.floor(0)).offset, 41);
});

test('a database that went back takes no message before that is settled, and every process learns of it once', async t => {
  const { store, database } = freshStore(t);
  const other = mongoStore(mongo.uri, database.databaseName);
  t.after(() => other.close());
  await store.write(0, [message(20)]);
  await store.complete(0, 15);
  assert.deepEqual(await other.floor(0), { offset: 20, complete: 15, rolledBack: false });
  const floors = database.collection<{ _id: number }>('floors');
  await floors.replaceOne({ _id: 0 }, { offset: 10, complete: 8 });
  await assert.rejects(store.write(0, [message(21)]), StoreRolledBack);
  await assert.rejects(other.complete(0, 21), StoreRolledBack);
  assert.deepEqual(await store.floor(0), { offset: 10, complete: 8, rolledBack: true });
  await store.settle(0, 0);
  assert.deepEqual(await store.floor(0), { offset: 10, complete: 8, rolledBack: false });
  assert.deepEqual(await other.floor(0), { offset: 10, complete: 8, rolledBack: false });
  await other.write(0, [message(21)]);
  await floors.deleteMany({});
  await assert.rejects(store.write(0, []), StoreRolledBack);
  await store.settle(0, 30);
  await other.write(0, [message(31)]);
  await store.complete(0, 31);
  assert.deepEqual(await other.floor(0), { offset: 31, complete: 31, rolledBack: false });
});

test('a batch raises the floor as far as it reaches, also without a message of a room', async t => {
  const { store } = freshStore(t);
  await store.write(0, [], 7);
  assert.equal((await store.floor(0)).offset, 7);
  await store.write(0, [message(8)], 9);
  assert.equal((await store.floor(0)).offset, 9);
});

test('a message the database refuses is told apart from the rest of its batch, and set aside once', async t => {
  const { store, database } = freshStore(t);
  await database.collection('messages').createIndex({ id: 1 }, { unique: true });
  await store.write(0, [message(1)]);
  const { rejected } = await store.write(0, [message(1), message(2, { id: 'id-1' }), message(3)]);
  assert.deepEqual(
    rejected.map(each => [each.message.offset, each.code]),
    [[2, 11_000]],
  );
  for (const each of [...rejected, ...rejected]) await store.setAside(0, each);
  const aside = await database.collection('rejected').find().toArray();
  assert.equal(aside.length, 1);
  assert.equal(aside[0]?.['offset'], 2);
  assert.deepEqual(offsets(await store.read('channel:a', whole)), [1, 3]);
});

test('a store that nobody answers for says why, and no error holds the password', async () => {
  const cases = [
    ['mongodb://u:hunter2@127.0.0.1:1/?directConnection=true', /ECONNREFUSED/],
    ['mongodb//u:hunter2@nowhere', /connection string of MongoDB is not valid/],
  ] as const;
  for (const [uri, reason] of cases) {
    const store = mongoStore(uri, 'x');
    await assert.rejects(store.write(0, [message(1)]), error => {
      assert.ok(error instanceof StoreUnavailable);
      assert.match(error.reason, reason);
      assert.doesNotMatch(`${error.message} ${error.stack}`, /hunter2/);
      return true;
    });
    await store.close();
  }
});

test('a store that stops is unavailable, and the same object works when it is back', async t => {
  if (!mongo.controllable) return t.skip('MONGODB_URI cannot be stopped');
  const { store } = freshStore(t);
  await store.write(0, [message(1)]);
  await mongo.stop();
  await assert.rejects(store.write(0, [message(2)]), StoreUnavailable);
  await assert.rejects(store.write(0, [message(2)]), /ECONNREFUSED/, 'the reason stays known');
  await mongo.start();
  await until('it is found again', () =>
    store.write(0, [message(2)]).then(
      () => true,
      () => false,
    ),
  );
  assert.deepEqual(offsets(await store.read('channel:a', whole)), [1, 2]);
});

test('a store goes over to another connection string without failing what is asked of it meanwhile', async t => {
  const { store } = freshStore(t);
  await store.write(0, [message(1)]);
  const reasons: string[] = [];
  const mistaken = store.use('mongodb://u:hunter2@127.0.0.1:1/?directConnection=true', reason => reasons.push(reason));
  await until('it cannot be used', () => reasons.length > 0);
  assert.doesNotMatch(reasons.join(), /hunter2/);
  assert.deepEqual(offsets(await store.read('channel:a', whole)), [1]);

  let asking = true;
  const asked = Array.from({ length: 8 }, async () => {
    let answers = 0;
    for (; asking; answers++) assert.deepEqual(offsets(await store.read('channel:a', whole)), [1]);
    return answers;
  });
  const uri = `${mongo.uri}${mongo.uri.includes('?') ? '&' : '/?'}appName=other`;
  for (let i = 0; i < 5; i++) assert.equal(await store.use(uri, reason => reasons.push(reason)), true);
  asking = false;
  for (const answers of await Promise.all(asked)) assert.ok(answers > 0);
  assert.equal(await mistaken, false);
  assert.equal(reasons.length, 1);
});

test('what is read is what a majority has, of the primary, within a time, whatever the connection string says', async t => {
  const { database } = freshStore(t);
  const other = 'readPreference=secondaryPreferred&readConcernLevel=local&w=1&journal=false';
  const store = mongoStore(`${mongo.uri}${mongo.uri.includes('?') ? '&' : '?'}${other}`, database.databaseName);
  t.after(() => store.close());
  const questions: [string, Collection, unknown][] = [];
  for (const question of ['find', 'findOne', 'countDocuments'] as const) {
    const asked = Collection.prototype[question] as (...given: unknown[]) => unknown;
    t.mock.method(Collection.prototype, question, function (this: Collection, ...given: unknown[]) {
      questions.push([question, this, given.at(-1)]);
      return asked.apply(this, given);
    });
  }
  await store.floor(0);
  await store.write(0, [message(1)]);
  await store.write(0, [message(1)]);
  await store.read('channel:a', whole);
  await store.count('channel:a', whole, 10);
  await store.findSent({ id: 'id-1', dedupe: 'key-1' });
  const names = new Set(questions.map(([name]) => name));
  assert.deepEqual([...names].sort(), ['countDocuments', 'find', 'findOne']);
  for (const [name, { readPreference, readConcern }, options] of questions) {
    assert.deepEqual([name, readPreference?.mode, readConcern?.level], [name, 'primary', 'majority']);
    assert.ok(((options as { maxTimeMS?: number }).maxTimeMS ?? 0) > 0, name);
  }
});
