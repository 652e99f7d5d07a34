import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageGet } from '../../../../server/chat/message-get.ts';
import { messageList } from '../../../../server/chat/message-list.ts';
import type { Entry } from '../../../../server/fold/entry.ts';
import { RoomFold } from '../../../../server/fold/room-fold.ts';
import { integer, pick } from '../../../../tools/support/random.ts';
import { foldedOf, type Items } from '../../../support/chat/folded-items.ts';
import { FreeCall } from '../../../support/chat/free-call.ts';
import { anyLog } from '../../../support/chat/room-entries.ts';
import { verbChat } from '../../../support/chat/verb-chat.ts';
import { fuzz, type Random } from '../../../support/fuzz/fuzz.ts';

const ROOM = 'channel:room';

/** A chat, and a way to put an entry at its offset. */
function listChat() {
  const chat = verbChat();
  const { log, clock } = chat;
  const put = async ({ offset, ...entry }: Entry) => {
    while (log.last < offset - 1) log.append('channel:other');
    const { user = 'ann' } = entry as { user?: string };
    const parts = {
      type: entry.type,
      id: 'id' in entry ? entry.id : `e${offset}`,
      dedupe: '',
      time: 0,
      user,
      client: 'c',
    };
    const envelope = { ...parts, traceparent: '', cv: 0, seen: 0, targets: [] };
    await log.publish(ROOM, Buffer.from(JSON.stringify(entry)), envelope);
  };
  // Positions are read anew.
  const list = async (params: object = {}, user = 'reader') => {
    clock.pass(1_001);
    return (await chat.call(messageList, { room: ROOM, ...params }, new FreeCall(user))) as unknown as Items;
  };
  const get = async (ids: readonly object[]) => {
    clock.pass(1_001);
    return (await chat.call(messageGet, { room: ROOM, ids })) as unknown as Items;
  };
  return { ...chat, put, list, get };
}

const foldOf = (log: readonly Entry[]) => {
  const fold = new RoomFold();
  for (const entry of log) fold.add(entry);
  return fold;
};

/** The worker gets on, in any way that it may: it stores, applies, saves its position, and purges what it has saved. */
function work(random: Random, { log, store }: Pick<ReturnType<typeof listChat>, 'log' | 'store'>): void {
  const upTo = () => integer(random, log.last + 1);
  if (random() < 0.5) log.storeUpTo(upTo());
  if (random() < 0.5) {
    const applied = Math.min(log.floor, upTo());
    store.apply(applied, Math.min(applied, upTo()));
  }
  if (random() < 0.3) log.purge(Math.min(store.viewed, upTo()));
}

fuzz(
  'any split into pages, and a subscription from the first one, give the messages of the log',
  [1, 2, 3],
  150,
  async random => {
    const chat = listChat();
    const entries = anyLog(random, 30);
    const joinAt = integer(random, entries.length);
    const client = new RoomFold();
    let from = -1;
    let before = Number.POSITIVE_INFINITY;
    const read = async () => {
      const range = from < 0 ? {} : { before };
      const { items, upto } = await chat.list({ limit: 1 + integer(random, 6), ...range });
      for (const item of items) client.addFolded(foldedOf(item), upto);
      if (from < 0) from = upto;
      if (items.length === 0) before = 0;
      else before = items[0]?.offset ?? 0;
    };
    for (const [index, entry] of entries.entries()) {
      await chat.put(entry);
      work(random, chat);
      if (from >= 0) client.add(entry);
      if (index >= joinAt && before > 0 && random() < 0.5) await read();
    }
    while (before > 0) await read();
    for (const entry of entries) if (entry.offset > from) client.add(entry);
    const whole = foldOf(entries).messages();
    assert.deepEqual(client.messages(), whole);
  },
);

fuzz('pages forwards, pages around a message and single messages are those of the log', [4, 5, 6], 60, async random => {
  const chat = listChat();
  const entries = anyLog(random, 30);
  for (const entry of entries) {
    await chat.put(entry);
    work(random, chat);
  }
  if (random() < 0.3) chat.log.storeUpTo(chat.log.last);
  const whole = foldOf(entries).messages();
  const limit = 1 + integer(random, 6);
  const seen = [];
  for (let after = 0; ; after = seen.at(-1)?.offset ?? 0) {
    const { items } = await chat.list({ limit, after });
    if (items.length === 0) break;
    assert.ok(items.length <= limit);
    seen.push(...items.map(foldedOf));
  }
  assert.deepEqual(seen, whole);
  const around = 1 + integer(random, chat.log.last);
  const older = whole.filter(({ offset }) => offset <= around).slice(-Math.ceil(limit / 2));
  const newer = whole.filter(({ offset }) => offset > around).slice(0, Math.floor(limit / 2));
  assert.deepEqual((await chat.list({ limit, around })).items.map(foldedOf), [...older, ...newer]);
  if (whole.length === 0) return;
  const { offset, id } = pick(random, whole);
  const ids = [
    { target: offset, of: chat.idOf() },
    { target: offset + 1_000, of: chat.idOf() },
  ];
  assert.deepEqual((await chat.get(ids)).items, [], `${offset} has the id ${id}`);
});

const at = (offset: number, text = `m${offset}`): Entry => ({
  type: 'message',
  offset,
  id: `m${offset}`,
  user: 'ann',
  time: 0,
  text,
});

test('the newest messages are listed without MongoDB, older ones while it is away if LOG has them', async () => {
  const { put, list, log, store } = listChat();
  for (let offset = 1; offset <= 400; offset++) await put(at(offset));
  log.storeUpTo(400);
  store.apply(400);
  log.purge(100);
  store.up = false;
  const offsets = async (params: object) => (await list(params)).items.map(({ offset }) => offset);
  assert.deepEqual(await offsets({ limit: 3 }), [398, 399, 400]);
  assert.deepEqual(await offsets({ limit: 3, before: 200 }), [197, 198, 199]);
  assert.deepEqual(await offsets({ limit: 3, after: 200 }), [201, 202, 203]);
  assert.deepEqual(await offsets({ limit: 3, before: 103 }), [101, 102]);
  await assert.rejects(list({ limit: 3, before: 101 }), { name: 'StoreUnavailable' });
  await assert.rejects(list({ limit: 3, after: 20 }), { name: 'StoreUnavailable' });
});

test('a page holds what fits into an answer, and at least one message', async () => {
  const { put, list, chat } = listChat();
  for (let offset = 1; offset <= 4; offset++) await put(at(offset, 'x'.repeat(chat.sendBufferBytes / 5)));
  const offsets = async (params: object) => (await list(params)).items.map(({ offset }) => offset);
  assert.deepEqual(await offsets({}), [3, 4]);
  assert.deepEqual(await offsets({ before: 3 }), [1, 2]);
  assert.deepEqual(await offsets({ after: 0 }), [1, 2]);
});

test('parameters that exclude each other are refused', async () => {
  await assert.rejects(listChat().list({ before: 5, after: 1 }), {
    message: 'before, after and around exclude each other',
  });
});

test('an emoji names ten users and the reader, and counts all', async () => {
  const { put, list } = listChat();
  await put(at(1));
  for (let offset = 2; offset <= 21; offset++)
    await put({ type: 'reaction', offset, target: 1, of: 'm1', user: `u${offset}`, emoji: '👍', on: true });
  const [item] = (await list({}, 'u20')).items;
  assert.deepEqual(
    item?.reactions?.map(({ n, users }) => [n, users.length, users.at(-1)?.user]),
    [[20, 11, 'u20']],
  );
});

fuzz(
  'a list goes on over any number of messages that do not count or are hidden, and nothing is missing or doubled',
  [7, 8, 9],
  100,
  async random => {
    const { put, list, log, store } = listChat();
    const share = random();
    const kept: number[] = [];
    const hidden: number[] = [];
    for (let offset = 1; offset <= 60; offset++) {
      if (random() < share) {
        await put(at(offset));
        if (random() < share) kept.push(offset);
        else hidden.push(offset);
      } else await put({ ...at(offset), text: undefined } as unknown as Entry); // as the store leaves one that does not count
    }
    store.hides.set(`reader ${ROOM}`, hidden);
    store.mostLeftOut = 1 + integer(random, 5);
    log.storeUpTo(integer(random, 61));
    store.apply(log.floor);
    log.purge(integer(random, log.floor + 1));
    const limit = 1 + integer(random, 5);
    const ofMessages = ({ items }: Items) => items.filter(({ type }) => type === 'message').map(({ offset }) => offset);
    const forwards: number[] = [];
    for (let after = 0; ; ) {
      const page = await list({ limit, after });
      if (page.items.length === 0) break;
      forwards.push(...ofMessages(page));
      after = page.items.at(-1)?.offset ?? 0;
    }
    assert.deepEqual(forwards, kept);
    const backwards: number[] = [];
    for (let below: object = {}; ; ) {
      const page = await list({ limit, ...below });
      if (page.items.length === 0) break;
      backwards.unshift(...ofMessages(page));
      below = { before: page.items[0]?.offset };
    }
    assert.deepEqual(backwards, kept);
    const around = 1 + integer(random, 60);
    const { items } = await list({ limit: 2, around });
    const [first = around + 1, last = around] = [items[0]?.offset, items.at(-1)?.offset];
    const between = kept.filter(offset => offset >= first && offset <= last);
    assert.deepEqual(ofMessages({ items, upto: 0, epoch: '' }), between, `around ${around}`);
  },
);

test('a page below more hidden messages than one answer reads is not the end', async () => {
  const { put, list, log, store } = listChat();
  for (let offset = 1; offset <= 2_002; offset++) await put(at(offset));
  log.storeUpTo(log.last);
  store.apply(log.last);
  log.purge(log.last);
  store.hides.set(
    `reader ${ROOM}`,
    Array.from({ length: 2_000 }, (_, i) => i + 2),
  );
  const pages: (readonly [string, number])[] = [];
  for (let before = 2_003; before > 0; ) {
    const { items } = await list({ limit: 1, before });
    pages.push(...items.map(({ type, offset }) => [type, offset] as const));
    before = items[0]?.offset ?? 0;
  }
  assert.deepEqual(pages, [
    ['message', 2_002],
    ['skipped', 1_101],
    ['skipped', 200],
    ['message', 1],
  ]);
});
