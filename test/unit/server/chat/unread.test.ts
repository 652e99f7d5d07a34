import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addEntries, entriesOf } from '../../../../server/chat/entries.ts';
import { RoomFold } from '../../../../server/fold/room-fold.ts';
import { roomChat } from '../../../support/chat/room-chat.ts';

/** A room of ann with bob and eve in it. */
async function unreadChat(kind = 'group') {
  const chat = roomChat();
  const room = await chat.create('ann', ['bob', 'eve'], kind);
  const send = async (user: string, text = 'Hi') => {
    const of = chat.idOf();
    const { offset } = await chat.as(user, 'message.send', { room, id: of, text });
    return { target: offset, of };
  };
  const item = async (user: string) => {
    const top = chat.log.offsetsOf(room).at(-1) ?? 0;
    const [found] = (await chat.as(user, 'unread', { rooms: [room] })).items;
    const { upto, ...rest } = found ?? { upto: 0 };
    if (found && found.n !== null) assert.ok((upto ?? 0) >= top);
    return found && rest;
  };
  const n = async (user: string) => ((await item(user)) as { readonly n?: number | null } | undefined)?.n;
  const read = async (user: string, { target }: { readonly target: number }) => {
    const { applied } = await chat.as(user, 'receipt.mark', { marks: [{ room, read: target }] });
    chat.clock.pass(1_000); // the next mark of the room is written at once
    return applied[0];
  };
  return { ...chat, room, send, item, n, read };
}

type UnreadChat = Awaited<ReturnType<typeof unreadChat>>;

/** Places of messages while they are counted. */
const PLACES: Readonly<Record<string, (chat: UnreadChat) => void>> = {
  'in LOG alone': () => undefined,
  'stored, and not folded yet': ({ log }) => log.storeUpTo(log.last),
  'stored and folded': ({ log, store }) => {
    log.storeUpTo(log.last);
    store.apply(log.last);
  },
  'folded up to the message before the last': ({ log, store }) => {
    log.storeUpTo(log.last);
    store.apply(log.last - 1);
  },
  'in MongoDB alone': ({ log, store }) => {
    log.purge(log.last);
    store.apply(log.last);
  },
};

for (const [place, move] of Object.entries(PLACES))
  test(`messages that are ${place} count for others until they are read, deleted, hidden or their author is blocked`, async () => {
    const chat = await unreadChat();
    const { send, n, read, as, room } = chat;
    const [one, two, three, four] = [await send('ann'), await send('ann'), await send('eve'), await send('bob')];
    move(chat);
    assert.deepEqual([await n('ann'), await n('bob'), await n('eve')], [2, 3, 3]);
    await as('ann', 'message.edit', { room, ...two, text: 'Hello' });
    move(chat);
    assert.equal(await n('bob'), 3);
    await as('ann', 'message.delete', { room, targets: [two] });
    move(chat);
    assert.deepEqual([await n('bob'), await n('eve')], [2, 2]);
    await as('bob', 'message.delete', { room, targets: [one], scope: 'me' });
    move(chat);
    if (chat.store.viewed === chat.log.last) chat.store.hides.set(`bob ${room}`, [one.target]);
    assert.deepEqual([await n('bob'), await n('eve')], [1, 2]);
    await as('bob', 'block.add', { user: 'eve' });
    assert.equal(await n('bob'), 0);
    await as('bob', 'block.remove', { user: 'eve' });
    assert.equal(await n('bob'), 1);
    await send('ann'); // marks are checked against an entry that LOG has
    assert.equal(await read('eve', one), true);
    assert.equal(await n('eve'), 2);
    assert.equal(await read('eve', four), true);
    assert.equal(await n('eve'), 1);
    assert.equal(await read('eve', three), false, 'a late mark');
    assert.equal(await n('eve'), 1);
    assert.deepEqual([await n('bob'), await n('eve')], [2, 1]);
  });

test('a count is exact up to 100; above it says that there are more, and so much of a room is looked at', async () => {
  const chat = await unreadChat();
  const { send, item, log, store, room } = chat;
  const first = await send('ann');
  for (let sent = 0; sent < 99; sent++) await send('ann');
  const counted = { room, n: 100, mentions: 0 };
  assert.deepEqual(await item('bob'), counted);
  await send('ann');
  assert.deepEqual(await item('bob'), { ...counted, more: true });
  PLACES['in MongoDB alone']?.(chat);
  assert.deepEqual(await item('bob'), { ...counted, more: true });
  await chat.markStore.write({ user: 'bob', room }, { read: first.target, delivered: first.target }, 0);
  assert.deepEqual(await item('bob'), counted);
  const body = (id: string) => Buffer.from(JSON.stringify({ type: 'message', id, text: 'x' }));
  for (let sent = 0; sent < 2_100; sent++) await log.publish(room, body(`${sent}`), envelope('bob'));
  log.storeUpTo(log.last);
  store.apply(log.last);
  assert.deepEqual(await item('bob'), { room, n: 0, partial: true, mentions: 0 });
});

const envelope = (user: string) => ({
  type: 'message' as const,
  id: '',
  dedupe: '',
  time: 1,
  user,
  client: '',
  traceparent: '',
  cv: 0,
  seen: 0,
  targets: [],
});

test('50 sends, marks and deletes at the same time: a count is never above what was sent, and at last that of the fold', async () => {
  const { send, n, log, as, room, clock, chat } = await unreadChat();
  const sent: number[] = [];
  const seen: (number | null | undefined)[] = [];
  await Promise.all(
    Array.from({ length: 50 }, async (_, index) => {
      const message = await send(index % 5 === 0 ? 'bob' : 'ann');
      sent.push(message.target);
      if (index % 7 === 0) await as(index % 5 === 0 ? 'bob' : 'ann', 'message.delete', { room, targets: [message] });
      if (index % 3 === 0) {
        const marked = as('bob', 'receipt.mark', { marks: [{ room, read: message.target - 20 }] });
        clock.pass(1_000);
        await marked.catch(() => undefined);
      }
      seen.push(await n('bob'));
    }),
  );
  assert.ok(
    seen.every(each => typeof each === 'number' && each >= 0 && each <= 50),
    seen.join(),
  );
  const fold = addEntries(new RoomFold(), entriesOf((await log.readAfter(room, 0, 1_000)).messages));
  const mark = (await chat.marks.of([{ user: 'bob', room }]))[0]?.read ?? 0;
  const expected = fold
    .messages()
    .filter(({ offset, user, deleted }) => offset > mark && user !== 'bob' && deleted === 0);
  assert.equal(await n('bob'), expected.length);
});

test('a user counts from the own join on, and again from the next one; others find nothing', async () => {
  const { send, n, as, room, item } = await unreadChat();
  await send('ann');
  await as('ann', 'room.add', { room, users: ['zoe'] });
  assert.equal(await n('zoe'), 0);
  await send('ann');
  assert.equal(await n('zoe'), 1);
  await as('ann', 'room.kick', { room, user: 'zoe' });
  assert.equal(await item('zoe'), undefined);
  await send('ann');
  await as('ann', 'room.add', { room, users: ['zoe'] });
  assert.equal(await n('zoe'), 0);
  await send('ann');
  assert.equal(await n('zoe'), 1);
  const { items } = await as('stranger', 'unread', { rooms: [room, 'group:none'] });
  assert.deepEqual(items, []);
});

test('a message that does not count, as its author was muted before, is not unread', async () => {
  const { n, as, room, log } = await unreadChat();
  await as('ann', 'room.mute', { room, user: 'bob', until: 4_000_000_000_000 });
  await log.publish(room, Buffer.from('{"type":"message","id":"late","text":"x"}'), { ...envelope('bob'), seen: 1 });
  assert.equal(await n('eve'), 0);
  await log.publish(room, Buffer.from('{"type":"message","id":"new","text":"x"}'), { ...envelope('ann'), seen: 1 });
  assert.equal(await n('eve'), 1);
});

test('where LAST knows that nothing is unread, nothing else is read', async () => {
  const { send, n, read, as, room, log, store } = await unreadChat();
  const last = await send('ann');
  await read('bob', last);
  log.noted = log.last;
  log.asked.length = 0;
  const { counts } = store;
  const listed = async (user: string) => (await as(user, 'room.list', {})).items[0]?.n;
  assert.deepEqual([await listed('bob'), await listed('eve')], [0, null]);
  await as('ann', 'room.invite', { room, users: ['guest'] });
  assert.equal(await listed('guest'), 0, 'there is nothing to be read yet');
  log.noted = log.last;
  log.asked.length = 0;
  assert.equal(await n('bob'), 0);
  assert.deepEqual(log.asked, ['top', 'newest'], 'the rights, and LAST');
  assert.equal(store.counts, counts);
});

test('while MongoDB is away, or has messages that are not marked, rooms are counted whose unread messages LOG has', async () => {
  const { send, n, read, log, store, item, room } = await unreadChat();
  const first = await send('ann');
  await read('bob', first);
  await send('ann');
  log.purge(first.target);
  store.apply(log.last - 1);
  store.up = false;
  assert.deepEqual([await n('bob'), await n('eve')], [1, null]);
  store.up = true;
  assert.deepEqual([await n('bob'), await n('eve')], [1, 2]);
  store.uncounted = true;
  assert.deepEqual([await n('bob'), await item('eve')], [1, { room, n: null, mentions: null }]);
});

test('while marks are not there, only a room is known in which nothing counts since the join of the user', async () => {
  const { send, n, markStore, log, as, room } = await unreadChat();
  markStore.away = true;
  log.noted = log.last;
  assert.equal(await n('bob'), 0);
  await send('ann');
  assert.equal(await n('bob'), null);
  assert.equal((await as('bob', 'room.list', {})).items[0]?.room, room);
});

test('a call has 1 to 100 rooms, each counted once', async () => {
  const { as, code, room } = await unreadChat();
  assert.equal(await code('bob', 'unread', { rooms: [] }), 107);
  assert.equal(await code('bob', 'unread', { rooms: Array.from({ length: 101 }, () => room) }), 107);
  assert.equal((await as('bob', 'unread', { rooms: [room, room] })).items.length, 1);
});
