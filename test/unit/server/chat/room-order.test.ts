import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ParamsOf } from '../../../../client/verbs.ts';
import { roomChat } from '../../../support/chat/room-chat.ts';

type Choice = ParamsOf<'room.list'>;

/** Rooms of ann and bob with these names, and lists of ann. */
async function namedRooms(...names: readonly string[]) {
  const chat = roomChat();
  const { as, create, log, store } = chat;
  const rooms = new Map<string, string>();
  for (const name of names) {
    const room = await create('ann', ['bob']);
    await as('ann', 'room.update', { room, name });
    rooms.set(name, room);
  }
  const room = (name: string) => rooms.get(name) ?? assert.fail(name);
  const send = async (name: string) => {
    chat.clock.pass(1_000);
    const of = chat.idOf();
    const { offset: target } = await as('bob', 'message.send', { room: room(name), id: of, text: name });
    return { room: room(name), target, of };
  };
  /** Names of the rooms of each page. @param between is done after each page */
  const listed = async (choice: Choice, between: (page: number) => Promise<unknown> = async () => undefined) => {
    const pages: string[][] = [];
    let cursor: string | undefined;
    do {
      const page = await as('ann', 'room.list', { ...choice, ...(cursor === undefined ? {} : { cursor }) });
      pages.push(page.items.map(({ name }) => name));
      cursor = page.cursor;
      await between(pages.length);
    } while (cursor !== undefined);
    return pages;
  };
  /** The worker gets as far as the log, also in MongoDB. */
  const work = () => {
    log.storeUpTo(log.last);
    store.apply(log.last);
    log.noted = log.last;
    chat.clock.pass(1_001); // positions of workers are read anew
  };
  return { ...chat, room, send, listed, work };
}

test('rooms are listed by name in any case of letters, and those without a name last', async () => {
  const { listed } = await namedRooms('tea', 'Zoo', '', 'apple', 'Beta');
  assert.deepEqual(await listed({ order: 'name' }), [['apple', 'Beta', 'tea', 'Zoo', '']]);
  assert.deepEqual(await listed({ order: 'name', limit: 2 }), [['apple', 'Beta'], ['tea', 'Zoo'], ['']]);
});

test('rooms are listed by their last message, newest first, and those without one last, however far workers are', async () => {
  const { as, listed, room, send, work, log } = await namedRooms('a', 'b', 'c', 'd');
  const silent = ['b', 'd'].toSorted((x, y) => (room(x) < room(y) ? -1 : 1));
  const { target, of } = await send('c');
  await send('a');
  const expected = [['a', 'c', ...silent]];
  assert.deepEqual(await listed({ order: 'last' }), expected);
  // A change of a message is not a message.
  await as('bob', 'message.edit', { room: room('c'), target, of, text: 'new' });
  assert.deepEqual(await listed({ order: 'last' }), expected);
  work();
  assert.deepEqual(await listed({ order: 'last' }), expected);
  log.purge(log.last);
  assert.deepEqual(await listed({ order: 'last' }), expected);
});

test('each room comes once, whatever changes between the pages', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const { as, create, listed, room, send } = await namedRooms(...names);
  for (const name of names) await send(name);
  const pairs = await listed({ order: 'last', limit: 2 }, async page => {
    await send(page === 1 ? 'a' : 'f');
    await create('ann');
  });
  assert.deepEqual(pairs, [
    ['f', 'e'],
    ['d', 'c'],
    ['b', 'a'],
  ]);
  const named = await listed({ order: 'name', limit: 4 }, async page => {
    if (page > 1) return;
    await as('ann', 'room.update', { room: room('e'), name: 'A' });
    await as('ann', 'room.delete', { room: room('f') });
  });
  // The rooms that were made meanwhile are named Tea.
  assert.deepEqual(named, [
    ['a', 'b', 'c', 'd'],
    ['A', 'Tea', 'Tea', 'Tea'],
  ]);
});

test('rooms are selected by their kind, by the beginning of their name and by what is not read', async () => {
  const { as, create, idOf, listed, room, send, work } = await namedRooms('Tea', 'TEAM', 'steam', 'juice');
  await create('ann', [], 'club');
  assert.deepEqual((await listed({ kind: 'club' })).flat(), ['Tea']);
  assert.equal((await listed({ kind: 'group', limit: 3 })).flat().length, 4);
  assert.deepEqual(await listed({ kind: 'none' }), [[]]);
  assert.deepEqual(await listed({ prefix: 'tEa', order: 'name', kind: 'group' }), [['Tea', 'TEAM']]);
  assert.deepEqual(await listed({ prefix: 'eam' }), [[]]);

  const { target } = await send('steam');
  await send('juice');
  work();
  const unread = { unread: true, order: 'last' } as const;
  assert.deepEqual(await listed(unread), [['juice', 'steam']]);
  assert.deepEqual(await listed({ ...unread, kind: 'club' }), [[]]);
  assert.deepEqual((await listed({ unread: false })).flat().length, 5);
  await as('ann', 'receipt.mark', { id: idOf(), marks: [{ room: room('steam'), read: target }] });
  assert.deepEqual(await listed(unread), [['juice']]);
  // What workers have not come to may be a message.
  await send('Tea');
  assert.deepEqual(await listed({ unread: true, order: 'name' }), [['juice', 'Tea']]);
  // What is read between the pages was selected already.
  const marked = await listed({ ...unread, limit: 1 }, async () =>
    as('ann', 'receipt.mark', { id: idOf(), marks: [{ room: room('juice'), read: (await send('juice')).target }] }),
  );
  assert.deepEqual(marked, [['Tea'], ['juice']]);
});

test('a cursor is of one order, choice and user', async () => {
  const { as, code, create } = await namedRooms('a', 'b');
  await create('bob', ['ann'], 'club');
  const cursorOf = async (choice: Choice) => (await as('ann', 'room.list', { ...choice, limit: 1 })).cursor ?? '';
  const choices: readonly Choice[] = [
    {},
    { kind: 'group' },
    { order: 'name' },
    { order: 'last' },
    { order: 'name', kind: 'group' },
    { prefix: 'a', order: 'name' },
    { order: 'last', unread: true },
  ];
  const [byRoom, ofGroups, byName, byLast] = await Promise.all(choices.slice(0, 4).map(cursorOf));
  for (const choice of choices) {
    const others = [byName, byLast, 'none'].filter(
      cursor => !(choice === choices[2] && cursor === byName) && !(choice === choices[3] && cursor === byLast),
    );
    for (const cursor of others) assert.equal(await code('ann', 'room.list', { ...choice, cursor }), 107);
    if (choices.indexOf(choice) > 1)
      for (const cursor of [byRoom, ofGroups]) assert.equal(await code('ann', 'room.list', { ...choice, cursor }), 107);
  }
  assert.equal(await code('ann', 'room.list', { kind: 'club', cursor: ofGroups }), 107);
  assert.equal(await code('bob', 'room.list', { order: 'name', cursor: byName }), 107);
});

test('a room that another user has opened without a word is in no order, and no page tells of it', async () => {
  const { as, listed, send, work } = await namedRooms('a', 'b');
  await send('a');
  await send('b');
  for (const user of ['eve', 'joe', 'leo']) await as(user, 'dm.open', { user: 'ann' });
  for (const isWorked of [false, true]) {
    if (isWorked) work();
    assert.deepEqual(await listed({ order: 'last', limit: 2 }), [['b', 'a']]);
    assert.deepEqual(await listed({ order: 'name', limit: 1 }), [['a'], ['b']]);
    assert.deepEqual(await listed({ unread: true, order: 'last', limit: 2 }), [['b', 'a']]);
  }
});
