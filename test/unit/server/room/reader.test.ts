import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findStored } from '../../../../server/room/find-stored.ts';
import { roomReader } from '../../../../server/room/reader.ts';
import { MemoryLog } from '../../../support/chat/memory-log.ts';
import { MemoryStore } from '../../../support/chat/memory-store.ts';

const ROOM = 'channel:room';

/** A room with messages at 1, 3, 5, ... up to `2 * count - 1`; another has those between. */
function filled(count: number) {
  const store = new MemoryStore();
  const log = new MemoryLog(store);
  for (let i = 0; i < count; i++) {
    log.append(ROOM);
    log.append('channel:other');
  }
  return { store, log, reader: roomReader(log, store, () => 1_000) };
}

const offsets = (messages: readonly { readonly offset: number }[]) => messages.map(({ offset }) => offset);

for (const purged of [0, 4, 7, 8, 13, 40]) {
  test(`pages forward are whole and count what follows, with everything up to ${purged} purged`, async () => {
    const { log, reader } = filled(20);
    log.purge(purged);
    const seen: number[] = [];
    for (;;) {
      const { messages, pending } = await reader.after(ROOM, seen.at(-1) ?? 0, 6, true);
      seen.push(...offsets(messages));
      assert.equal(pending, 20 - seen.length);
      if (messages.length === 0) break;
    }
    assert.deepEqual(seen, log.offsetsOf(ROOM));
  });

  test(`pages backward are whole, with everything up to ${purged} purged`, async () => {
    const { log, reader } = filled(20);
    log.purge(purged);
    const seen: number[] = [];
    for (;;) {
      const { messages } = await reader.before(ROOM, seen.at(-1) ?? Number.MAX_SAFE_INTEGER, 6);
      seen.push(...offsets(messages));
      if (messages.length === 0) break;
    }
    assert.deepEqual(seen, log.offsetsOf(ROOM).toReversed());
  });
}

test('a page says where it was read', async () => {
  const { log, reader } = filled(10);
  log.purge(10);
  assert.equal((await reader.after(ROOM, 10, 5)).source, 'stream');
  assert.equal((await reader.after(ROOM, 9, 5)).source, 'stream');
  assert.equal((await reader.after(ROOM, 8, 5)).source, 'mongodb');
});

test('a purge while a page is read leaves no hole in it', async () => {
  for (let turn = 1; turn <= 6; turn++) {
    const { log, reader } = filled(20);
    let turns = 0;
    log.wait = async () => {
      turns += 1;
      if (turns === turn) log.purge(15);
    };
    const { messages } = await reader.after(ROOM, 4, 8);
    assert.deepEqual(offsets(messages), [5, 7, 9, 11, 13, 15, 17, 19], `purged in turn ${turn}`);
  }
});

test('a purge while an empty page is checked does not hide what it moved', async () => {
  for (let turn = 1; turn <= 6; turn++) {
    const { log, reader } = filled(5);
    log.replicaLast = 2;
    let turns = 0;
    log.wait = async () => {
      turns += 1;
      if (turns === turn) log.purge(log.last);
    };
    const page = await reader.after(ROOM, 2, 8).catch((error: Error) => error.name);
    if (page === 'ReadFailed') continue; // asked before the purge: nothing is claimed
    assert.ok(typeof page === 'object');
    assert.deepEqual(offsets(page.messages), [3, 5, 7, 9], `purged in turn ${turn}`);
  }
});

test('a replica that lags is not taken for the end of the room', async () => {
  const { log, reader } = filled(5);
  log.replicaLast = 6;
  assert.deepEqual(offsets((await reader.after(ROOM, 2, 8)).messages), [3, 5]);
  await assert.rejects(reader.after(ROOM, 5, 8), { name: 'ReadFailed' });
  log.purge(4);
  log.replicaLast = 0;
  await assert.rejects(reader.after(ROOM, 3, 8), { name: 'ReadFailed' });
});

test('readers of the same page share one read', async () => {
  const { log, reader } = filled(5);
  const pages = await Promise.all([reader.after(ROOM, 2, 8), reader.after(ROOM, 2, 8), reader.after(ROOM, 2, 7)]);
  assert.equal(pages[0], pages[1]);
  assert.equal(log.asked.filter(request => request === 'readAfter').length, 2);
});

test('that a page was empty is not believed by who asked after it was read', async () => {
  const { log, reader } = filled(2);
  const gate = Promise.withResolvers<void>();
  log.wait = () => (log.asked.at(-1) === 'state' ? gate.promise : Promise.resolve());
  const early = reader.after(ROOM, 3, 8);
  while (log.asked.at(-1) !== 'state') await Promise.resolve();
  log.append(ROOM);
  const late = [reader.after(ROOM, 3, 8), reader.after(ROOM, 3, 8)];
  gate.resolve();
  assert.deepEqual(offsets((await early).messages), []);
  for (const page of await Promise.all(late)) assert.deepEqual(offsets(page.messages), [5]);
  assert.equal(log.asked.filter(request => request === 'readAfter').length, 2);
});

test('backwards, what the worker has not stored is read from the stream, and the rest of a page from MongoDB', async () => {
  const { log, store, reader } = filled(10);
  log.storeUpTo(14);
  assert.deepEqual(offsets((await reader.before(ROOM, 18, 5)).messages), [17, 15, 13, 11, 9]);
  assert.equal(store.reads, 1);
});

test('a purge while a page is read backwards leaves no hole in it', async () => {
  for (let turn = 1; turn <= 8; turn++) {
    const { log, reader } = filled(10);
    log.storeUpTo(8);
    let turns = 0;
    log.wait = async () => {
      turns += 1;
      if (turns === turn) log.purge(15);
    };
    const { messages: page } = await reader.before(ROOM, Number.MAX_SAFE_INTEGER, 8);
    assert.deepEqual(offsets(page), [19, 17, 15, 13, 11, 9, 7, 5], `purged in turn ${turn}`);
  }
});

test('the newest page is not one of a replica that lags', async () => {
  const { log, reader } = filled(10);
  log.storeUpTo(8);
  log.replicaLast = 18;
  await assert.rejects(reader.before(ROOM, Number.MAX_SAFE_INTEGER, 3), { name: 'ReadFailed' });
  assert.deepEqual(offsets((await reader.before(ROOM, 18, 3)).messages), [17, 15, 13]);
  log.asked.length = 0;
  log.wait = async () => {
    if (log.asked.includes('next')) log.replicaLast = 20; // it has caught up
  };
  assert.deepEqual(offsets((await reader.before(ROOM, Number.MAX_SAFE_INTEGER, 3)).messages), [19, 17, 15]);
});

test('a message that clients cannot have does not look like a replica that lags', async () => {
  const { log, reader } = filled(2);
  log.appendUnreadable(ROOM);
  log.appendUnreadable(ROOM);
  assert.deepEqual(offsets((await reader.before(ROOM, Number.MAX_SAFE_INTEGER, 3)).messages), [3, 1]);
});

test('without MongoDB history goes back as far as the stream does, and then is a failure, not the end', async () => {
  const { log, store, reader } = filled(10);
  log.purge(12);
  store.up = false;
  assert.deepEqual(offsets((await reader.before(ROOM, Number.MAX_SAFE_INTEGER, 3)).messages), [19, 17, 15]);
  assert.deepEqual(offsets((await reader.before(ROOM, 15, 3)).messages), [13]);
  await assert.rejects(reader.before(ROOM, 13, 3), { name: 'StoreUnavailable' });
  assert.deepEqual(offsets((await reader.after(ROOM, 12, 3)).messages), [13, 15, 17]);
  await assert.rejects(reader.after(ROOM, 11, 3), { name: 'StoreUnavailable' });
});

test('the end of history without MongoDB is an end when the stream has everything', async () => {
  const { store, reader } = filled(2);
  store.up = false;
  assert.deepEqual(await reader.before(ROOM, 1, 3), { messages: [], skippedTo: null });
});

test('that the stream has everything is not believed of a replica that lags', async () => {
  const { log, store, reader } = filled(2);
  store.up = false;
  log.replicaLast = 0;
  await assert.rejects(reader.before(ROOM, Number.MAX_SAFE_INTEGER, 3), { name: 'ReadFailed' });
});

test('a MongoDB that is slow is not waited for where the stream can answer, and is where it cannot', async () => {
  const { log, store } = filled(10);
  const reader = roomReader(
    log,
    store,
    () => 1_000,
    () => Promise.resolve(),
  );
  const gate = Promise.withResolvers<void>();
  store.wait = () => gate.promise;
  log.purge(12);
  assert.deepEqual(offsets((await reader.before(ROOM, Number.MAX_SAFE_INTEGER, 5)).messages), [19, 17, 15, 13]);
  const older = reader.before(ROOM, 13, 3);
  gate.resolve();
  assert.deepEqual(offsets((await older).messages), [11, 9, 7]);
  assert.equal(store.reads, 2, 'one question a page');
});

test('a MongoDB known to be away is not asked for what the stream has', async () => {
  const { log, store, reader } = filled(10);
  log.purge(12);
  store.up = false;
  assert.deepEqual(offsets((await reader.before(ROOM, Number.MAX_SAFE_INTEGER, 5)).messages), [19, 17, 15, 13]);
  assert.equal(store.reads, 0);
});

/** Offsets of the room among 20,000. */
const COURSES: Readonly<Record<string, (offset: number) => boolean>> = {
  'that has the partition for itself': () => true,
  'among many': offset => offset % 97 === 0,
  'that was busy long ago': offset => offset > 2_000 && offset < 2_400,
  'with bursts far apart': offset => offset % 5_000 < 60,
  'that was busy for a moment after a quiet time': offset => offset % 500 === 0 || offset > 19_900,
};
for (const [course, mine] of Object.entries(COURSES)) {
  test(`while MongoDB is behind or away, pages of a room ${course} are whole, and take some requests each`, async () => {
    const store = new MemoryStore();
    const log = new MemoryLog(store);
    for (let offset = 1; offset <= 20_000; offset++) log.append(mine(offset) ? ROOM : 'channel:other');
    store.up = false;
    const reader = roomReader(log, store, () => 1_000);
    const seen: number[] = [];
    let most = 0;
    for (let pages = 0; pages < 12; pages++) {
      const asked = log.asked.length;
      const { messages: page } = await reader.before(ROOM, seen.at(-1) ?? Number.MAX_SAFE_INTEGER, 100);
      most = Math.max(most, log.asked.length - asked);
      if (page.length === 0) break;
      seen.push(...offsets(page));
    }
    assert.deepEqual(seen, log.offsetsOf(ROOM).toReversed().slice(0, seen.length));
    assert.ok(seen.length === log.offsetsOf(ROOM).length || seen.length >= 1_000, `${seen.length} messages`);
    assert.ok(most <= 16, `${most} requests for a page`);
  });
}

test('a message is found by its key in MongoDB, and above what the worker stored in the stream', async () => {
  const { log, store } = filled(0);
  const envelope = {
    type: 'message',
    id: 'x',
    time: 0,
    user: 'a',
    client: 'c',
    traceparent: '',
    cv: 0,
    seen: 0,
    targets: [],
  } as const;
  for (let i = 0; i < 1_200; i++)
    await log.publish(ROOM, new Uint8Array([0x31]), { ...envelope, dedupe: `key ${i + 1}` });
  log.storeUpTo(100);
  log.purge(50);
  const find = (dedupe: string) => findStored({ log, store }, ROOM, { id: 'x', dedupe });
  assert.equal((await find('key 7'))?.offset, 7);
  assert.equal((await find('key 100'))?.offset, 100);
  assert.equal((await find('key 101'))?.offset, 101);
  const before = log.asked.length;
  assert.equal((await find('key 1200'))?.offset, 1_200);
  assert.ok(log.asked.length - before < 10);
  assert.equal(await find('key 1201'), null);
  store.up = false;
  await assert.rejects(find('key 1200'), { name: 'StoreUnavailable' });
});

test('a store that is too far behind is no proof that a message is new', async () => {
  const { log, store } = filled(0);
  for (let i = 0; i < 10_600; i++) log.append(ROOM);
  await assert.rejects(findStored({ log, store }, ROOM, { id: 'x', dedupe: 'any' }), { name: 'ReadFailed' });
});
