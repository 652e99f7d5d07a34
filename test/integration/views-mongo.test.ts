import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Collection, MongoClient } from 'mongodb';
import type { Entry } from '../../server/fold/entry.ts';
import { RoomFold } from '../../server/fold/room-fold.ts';
import { MOST_LEFT_OUT } from '../../server/room/filtered-reader.ts';
import type { LoggedMessage } from '../../server/room/history-store.ts';
import type { MessageChange } from '../../server/room/views.ts';
import { mongoStore } from '../../server/store/mongo.ts';
import { Views } from '../../server/store/views.ts';
import { startMongo } from '../../tools/local/mongo.ts';
import { integer, pick } from '../../tools/support/random.ts';
import { anyLog } from '../support/chat/room-entries.ts';
import { fuzz, type Random } from '../support/fuzz/fuzz.ts';

const mongo = await startMongo();
test.after(() => mongo.close());
const client = new MongoClient(mongo.uri);
test.after(() => client.close());
const database = client.db(`chat_views_${process.pid}`);
const store = mongoStore(mongo.uri, database.databaseName);
test.after(() => store.close());
// Otherwise the stand-in makes it beside the first reads.
await database.createCollection('reactions');

const whole = { after: 0, before: Number.POSITIVE_INFINITY, limit: 1_000, reverse: false };
let rooms = 0;

/** An entry as LOG has it. */
function logged(room: string, entry: Entry): LoggedMessage {
  const { type, offset } = entry;
  const user = 'user' in entry ? (entry.user ?? '') : '';
  const { offset: _, user: _user, ...body } = { user, ...entry };
  return {
    room,
    epoch: 'e1',
    offset,
    storedAt: 1_000 * Number(room.split('-')[1]) + offset, // rooms of one partition share no offset
    type,
    id: 'id' in entry ? entry.id : `e${offset}`,
    dedupe: '',
    time: 0,
    user,
    client: 'c',
    traceparent: '',
    cv: 0,
    seen: 0,
    targets: [],
    body: Buffer.from(JSON.stringify(body)),
  };
}

/** Stores a log in a room of its own, as the worker that stores does. */
async function stored(log: readonly Entry[]) {
  const room = `channel:views-${rooms++}`;
  await store.write(
    0,
    log.map(entry => logged(room, entry)),
  );
  const change = (entry: Entry): MessageChange[] => (entry.type === 'message' ? [] : [{ room, epoch: 'e1', entry }]);
  return { room, changes: (some: readonly Entry[]) => some.flatMap(change) };
}

function folded(log: readonly Entry[]) {
  const fold = new RoomFold();
  for (const entry of log) fold.add(entry);
  return fold.messages();
}

/** The view, on collections whose bulk writes end anywhere, and whose answers get lost. */
function dyingViews(random: Random) {
  const dying = <T extends object>(name: string) => {
    const collection = database.collection(name);
    const bulkWrite: Collection['bulkWrite'] = async (writes, options) => {
      if (random() > 0.3) return await collection.bulkWrite(writes, options);
      const some = writes.filter(() => random() < 0.5);
      if (some.length > 0) await collection.bulkWrite(some, options).catch(() => undefined);
      throw new Error('the process was killed');
    };
    const proxy = new Proxy(collection, {
      get: (target, key) => (key === 'bulkWrite' ? bulkWrite : Reflect.get(target, key, target)),
    });
    return async () => proxy as unknown as Collection<T>;
  };
  return new Views({ messages: dying('messages'), reactions: dying('reactions'), hides: dying('hides') });
}

fuzz(
  'entries in any batches, killed and repeated at any step, give the messages of the fold',
  [1, 2],
  12,
  async random => {
    const log = anyLog(random, 24);
    const { room, changes } = await stored(log);
    const views = dyingViews(random);
    // Any saved position may be read again: that of a MongoDB that was restored.
    const positions = [0];
    for (let at = 0; at < log.length; ) {
      const next = Math.min(log.length, at + 1 + integer(random, 8));
      const applied = await views.apply(0, changes(log.slice(at, next))).then(
        () => true,
        () => false,
      );
      if (applied) positions.push(next);
      at = applied && random() < 0.8 ? next : pick(random, positions);
    }
    assert.deepEqual((await store.readFolded(room, whole)).messages, folded(log));
  },
);

const MESSAGE = { type: 'message', id: 'm1' };
const EDIT = { type: 'edit', id: null };
const target = { target: 1, of: 'm1' };
const message: Entry = { type: 'message', offset: 1, id: 'm1', user: 'ann', time: 7, text: 'secret one' };

test('a deleted text and its edits are gone from MongoDB, whatever comes before and after', async () => {
  const log: Entry[] = [
    { ...message, replyTo: { offset: 9, id: 'm9' } },
    { type: 'edit', offset: 2, ...target, text: 'secret two' },
    { type: 'edit', offset: 3, ...target, text: 'secret three', rev: 77 },
    { type: 'reaction', offset: 4, ...target, user: 'eve', emoji: '👍', on: true },
    { type: 'delete', offset: 5, targets: [target] },
    { type: 'edit', offset: 6, ...target, text: 'secret four' },
  ];
  const { room, changes } = await stored(log);
  await store.applyChanges(0, changes(log.slice(0, 4)));
  const erased = await store.applyChanges(0, changes(log.slice(4)));
  const documents = await database.collection('messages').find({ room }).toArray();
  assert.doesNotMatch(JSON.stringify(documents), /secret/);
  assert.deepEqual((await store.readFolded(room, whole)).messages, folded(log));
  const all = [1, 2, 3, 6].map(offset => ({ room, offset, ...(offset === 1 ? MESSAGE : EDIT) }));
  const sorted = (some: typeof erased) => [...some].sort((a, b) => a.offset - b.offset);
  assert.deepEqual(sorted(erased), all);
  // A worker that died before it erased them in LOG finds them again.
  assert.deepEqual(sorted(await store.applyChanges(0, changes(log.slice(4)))), all);
});

test('a delete of a message that MongoDB lost leaves its stub, and takes the texts of its edits', async () => {
  const log: Entry[] = [message, { type: 'edit', offset: 2, ...target, text: 'secret two' }];
  const { room, changes } = await stored(log.slice(1));
  const deletion = { type: 'delete', offset: 5, targets: [{ ...target, user: 'ann', time: 7 }] } as const;
  for (let times = 0; times < 2; times++) await store.applyChanges(0, changes([...log.slice(1), deletion]));
  assert.doesNotMatch(JSON.stringify(await database.collection('messages').find({ room }).toArray()), /secret/);
  assert.deepEqual(
    (await store.readFolded(room, whole)).messages.map(({ offset, id, user, deleted }) => ({
      offset,
      id,
      user,
      deleted,
    })),
    [{ offset: 1, id: 'm1', user: 'ann', deleted: 5 }],
  );
});

test('a delete that names another message at the offset changes and erases nothing', async () => {
  const { room, changes } = await stored([message]);
  const deletion: Entry = { type: 'delete', offset: 5, targets: [{ target: 1, of: 'another' }] };
  assert.deepEqual(await store.applyChanges(0, changes([deletion])), []);
  assert.equal((await store.readFolded(room, whole)).messages[0]?.text, 'secret one');
});

test('of entries that do not count no body is left, no list has the message, and no reader the others', async () => {
  const log: Entry[] = [
    message,
    { type: 'message', offset: 2, id: 'm2', user: 'bob', time: 7, text: 'secret two' },
    { type: 'edit', offset: 3, ...target, text: 'secret three' },
    { type: 'delete', offset: 4, targets: [target] },
    { type: 'reaction', offset: 5, ...target, user: 'bob', emoji: '🙊', on: true },
    { type: 'edit', offset: 6, target: 2, of: 'm2', text: 'secret four' },
  ];
  const { room, changes } = await stored(log);
  const voided = log.slice(1, 5).map(entry => {
    const id = 'id' in entry ? entry.id : `e${entry.offset}`;
    return { room, epoch: 'e1', entry: { type: 'void', offset: entry.offset, id, was: entry.type } } as const;
  });
  // An edit of a message that does not count has a higher offset, perhaps in the same batch.
  for (let times = 0; times < 2; times++) {
    const erased = await store.applyChanges(0, [...voided, ...changes(log.slice(5))]);
    const sorted = erased.map(({ offset, type }) => `${offset} ${type}`).sort();
    assert.deepEqual(sorted, ['2 message', '2 message', '3 edit', '4 delete', '5 reaction', '6 edit']);
  }
  const documents = await database
    .collection('messages')
    .find({ room, offset: { $gt: 1 } })
    .toArray();
  assert.doesNotMatch(JSON.stringify(documents), /secret|🙊/);
  assert.deepEqual((await store.readFolded(room, whole)).messages, folded(log.slice(0, 1)));
  assert.deepEqual(await store.findFolded(room, [2]), []);
  assert.deepEqual(
    (await store.read(room, whole)).map(({ offset, type }) => `${offset} ${type}`),
    ['1 message', ...[2, 3, 4, 5, 6].map(offset => `${offset} erased`)],
  );
});

test('a page goes over a bounded number of messages that do not count, and says where it ended', async () => {
  const room = `channel:views-${rooms++}`;
  const last = 2.5 * MOST_LEFT_OUT;
  const visible = [1, 2, last];
  const all = Array.from({ length: last }, (_, index) => {
    const offset = index + 1;
    const body = visible.includes(offset)
      ? { type: 'message', id: 'm1', text: 'seen' }
      : { type: 'message', void: true };
    return { ...logged(room, message), offset, body: Buffer.from(JSON.stringify(body)) };
  });
  await store.write(0, all);
  for (const limit of [1, 150]) {
    for (const reverse of [false, true]) {
      const seen: number[] = [];
      const skips: number[] = [];
      for (let range = { ...whole, limit, reverse }; ; ) {
        const { messages, skippedTo } = await store.readFolded(room, range);
        const found = messages.map(({ offset }) => offset);
        seen.push(...(reverse ? found.toReversed() : found));
        const at = skippedTo ?? (messages.length < limit ? null : seen.at(-1));
        if (at === null || at === undefined) break;
        if (skippedTo !== null) skips.push(skippedTo);
        range = { ...range, ...(reverse ? { before: at } : { after: at }) };
      }
      assert.deepEqual(seen, reverse ? visible.toReversed() : visible, `${limit} ${reverse}`);
      assert.equal(skips.length, 2, `${limit} ${reverse}: ${skips}`);
    }
  }
});

test('a popular emoji names a hundred users, and counts all', async () => {
  const votes = Array.from(
    { length: 130 },
    (_, index): Entry => ({ type: 'reaction', offset: 2 + index, ...target, user: `u${index}`, emoji: '👍', on: true }),
  );
  const { room, changes } = await stored([message]);
  await store.applyChanges(0, changes(votes));
  const [found] = (await store.readFolded(room, whole)).messages;
  assert.deepEqual(
    found?.reactions.map(({ emoji, users, more }) => [emoji, users.length, users[0], more]),
    [['👍', 100, { user: 'u0', at: 2 }, 30]],
  );
});

test('documents of an earlier release, and bodies that no gateway wrote, are read', async () => {
  const room = `channel:views-${rooms++}`;
  const old = {
    ...logged(room, message),
    offset: 1,
    storedAt: 1,
    body: Buffer.from('{"type":"message","id":"m1","text":"old"}'),
  };
  const foreign = { ...logged(room, message), offset: 2, storedAt: 900_002, body: Buffer.from('[1]') };
  await store.write(0, [old, foreign]);
  assert.deepEqual(
    (await store.readFolded(room, whole)).messages.map(({ offset, text, rev, reactions }) => ({
      offset,
      text,
      rev,
      reactions,
    })),
    [{ offset: 1, text: 'old', rev: 1, reactions: [] }],
  );
  const last = { ...whole, limit: 1, reverse: true };
  assert.deepEqual(
    (await store.readFolded(room, last)).messages.map(({ offset }) => offset),
    [1],
    'a page is not cut short by what is left out',
  );
});

test('a position is saved by the latest holder alone, and only from where it stands', async () => {
  const at = (offset: number) => ({ epoch: 'e1', at: offset });
  assert.equal(await store.readPosition(3), null);
  assert.equal(await store.savePosition(3, null, at(5), 10), true);
  assert.equal(await store.savePosition(3, null, at(6), 10), false);
  assert.equal(await store.savePosition(3, at(5), at(8), 11), true);
  assert.equal(await store.savePosition(3, at(8), at(9), 10), false, 'a former holder');
  assert.deepEqual([await store.positionLease(3), await store.positionLease(4)], [11, 0]);
  assert.equal(await store.savePosition(3, at(5), at(9), 11), false, 'a position that was restored');
  assert.deepEqual(await store.readPosition(3), { ...at(8), counted: 0 });
  assert.equal(await store.viewedUpTo(3), 8);
});

test('hidden messages are found by user, room and range', async () => {
  const hide = (user: string, room: string, offset: number): MessageChange => ({
    room: `user:${user}`,
    epoch: 'e1',
    entry: { type: 'hide', offset: 1, user, room, targets: [{ target: offset, of: `m${offset}` }] },
  });
  const room = 'channel:hides';
  const changes = [
    hide('ann', room, 9),
    hide('ann', room, 10),
    hide('ann', room, 200),
    hide('ann', `${room}2`, 11),
    hide('bob', room, 12),
  ];
  await store.applyChanges(0, [...changes, ...changes]);
  assert.deepEqual(await store.hidden('ann', room, 1, 100), [9, 10]);
  assert.deepEqual(await store.hidden('ann', room, 10, 1_000), [10, 200]);
});

test('entries of some types are read in pages, in order, with all that incarnations of the stream have at one offset', async () => {
  const partition = 7;
  const room = `channel:views-${rooms++}`;
  const types = ['edit', 'delete'];
  const entries = Array.from({ length: 40 }, (_, index) => {
    const [type = ''] = [['edit'], ['delete'], ['message'], ['edit']][index % 4] ?? [];
    const offset = 1 + Math.floor(index / 2); // two at each offset
    return { ...logged(room, message), type, offset, storedAt: 1_000 + index };
  });
  await store.write(partition, entries);
  await store.write(partition + 1, [{ ...logged(room, message), type: 'edit', offset: 3, storedAt: 1 }]);
  const found: LoggedMessage[] = [];
  for (let at = 2, upto = 18; at < upto; ) {
    const page = await store.readEntries(partition, types, { after: at, upto, limit: 4 });
    assert.ok(page.upto > at && page.upto <= upto);
    assert.ok(page.entries.every(({ offset }) => offset > at && offset <= page.upto));
    found.push(...page.entries);
    at = page.upto;
  }
  const key = ({ offset, storedAt, type }: LoggedMessage) => `${offset} ${storedAt} ${type}`;
  const wanted = entries.filter(({ offset, type }) => offset > 2 && offset <= 18 && types.includes(type));
  assert.deepEqual(found.map(key).sort(), wanted.map(key).sort());
  assert.deepEqual(
    found.map(({ offset }) => offset),
    wanted.map(({ offset }) => offset),
  );
});

test('entries of rooms are read with the version that they name, in pages; those of earlier releases are left out', async () => {
  const partition = 8;
  const [one, two, other] = [0, 1, 2].map(() => `channel:views-${rooms++}`) as [string, string, string];
  const entries = Array.from({ length: 12 }, (_, index) => {
    const room = [one, two, other][index % 3] ?? one;
    return { ...logged(room, message), offset: 1 + index, storedAt: 2_000 + index, seen: index % 2 };
  });
  await store.write(partition, entries);
  await database.collection('messages').updateOne({ room: two, offset: 5 }, { $unset: { seen: true } });
  const found: string[] = [];
  for (let at = 1, upto = 11; at < upto; ) {
    const page = await store.readChecked([one, two], { after: at, upto, limit: 3 });
    assert.ok(page.upto > at && page.upto <= upto);
    found.push(...page.entries.map(({ offset, seen }) => `${offset} ${seen}`));
    at = page.upto;
  }
  assert.deepEqual(found, ['2 1', '4 1', '7 0', '8 1', '10 1', '11 0']);
});

test('entries are not read without their index', async () => {
  await database.collection('messages').dropIndex('partition_type_offset');
  const range = { after: 0, upto: 9, limit: 4 };
  await assert.rejects(store.readEntries(0, ['edit'], range), /partition_type_offset .* is not built yet/);
  await store.buildIndexes(['partition_type_offset']);
  await store.readEntries(0, ['edit'], range);
});
