import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callVerb } from '../../../../server/chat/verb.ts';
import { VERBS } from '../../../../server/chat/verbs.ts';
import { FreeCall } from '../../../support/chat/free-call.ts';
import type { MemoryDirectory } from '../../../support/chat/memory-policy.ts';
import { roomChat } from '../../../support/chat/room-chat.ts';

/** A room of ann and bob, and its items in their lists. */
async function directRoom() {
  const chat = roomChat();
  const { as, log, store } = chat;
  const { room } = await as('ann', 'dm.open', { user: 'bob' });
  const send = async () => {
    const of = chat.idOf();
    const { offset: target } = await as('ann', 'message.send', { id: of, room, text: 'hello' });
    return { target, of };
  };
  const listed = async (user: string) => {
    chat.clock.pass(1_001); // positions of workers are read anew
    return (await as(user, 'room.list', {})).items.find(item => item.room === room);
  };
  /** Users who have it in their list, with the other one and the last text that they see. */
  const lists = async () => {
    const items = await Promise.all(['ann', 'bob', 'eve'].map(async user => [user, await listed(user)] as const));
    return items.flatMap(([user, item]) => (item ? [`${user}: ${item.user} ${item.last?.text ?? '-'}`] : []));
  };
  /** The worker gets as far as the log, also in MongoDB. */
  const work = () => {
    log.storeUpTo(log.last);
    store.apply(log.last);
    log.noted = log.last;
  };
  return { ...chat, room, send, lists, work };
}

test('a room of two users is in no list until it has a message, however far workers are', async () => {
  const { lists, work, log } = await directRoom();
  assert.deepEqual(await lists(), []);
  work();
  assert.deepEqual(await lists(), []);
  log.purge(log.last);
  assert.deepEqual(await lists(), []);
});

test('with its first message both have it under the name of the other, however far workers are', async () => {
  const { lists, work, send, log } = await directRoom();
  await send();
  assert.deepEqual(await lists(), ['ann: bob hello', 'bob: ann hello']);
  work();
  assert.deepEqual(await lists(), ['ann: bob hello', 'bob: ann hello']);
  log.purge(log.last);
  assert.deepEqual(await lists(), ['ann: bob hello', 'bob: ann hello']);
});

test('a room whose messages are deleted or hidden stays in the lists', async () => {
  const { as, lists, work, send, room, store } = await directRoom();
  const message = await send();
  await as('bob', 'message.delete', { room, targets: [message], scope: 'me' });
  assert.deepEqual(await lists(), ['ann: bob hello', 'bob: ann -']);
  store.hides.set(`bob ${room}`, [message.target]);
  work();
  assert.deepEqual(await lists(), ['ann: bob hello', 'bob: ann -']);
  await as('ann', 'message.delete', { room, targets: [message] });
  assert.deepEqual(await lists(), ['ann: bob -', 'bob: ann -']);
});

test('a room of two users stays in the lists while MongoDB, which alone has its messages, is away', async () => {
  const { chat, room, lists, work, send, log, store } = await directRoom();
  const directory = chat.directory as MemoryDirectory;
  directory.rooms = [{ room, name: '', topic: '', avatar: '', members: 2, place: '' }]; // names of rooms need no state
  await send();
  work();
  log.purge(log.last);
  store.up = false;
  assert.deepEqual(await lists(), ['ann: bob -', 'bob: ann -']);
});

test('the other user comes from the state of the room where the document of a user does not have it', async () => {
  const { chat, send, room } = await directRoom();
  await send();
  const { userRooms } = chat;
  const of = async (user: string) =>
    new Map([...(await userRooms.of(user))].map(([name, { other: _, ...known }]) => [name, known]));
  const { items } = await callVerb(
    VERBS['room.list'],
    new FreeCall('bob'),
    {},
    {
      ...chat,
      userRooms: { of, left: user => userRooms.left(user), acted: own => userRooms.acted(own) },
    },
  );
  assert.deepEqual(
    items.map(item => [item.room, item.user]),
    [[room, 'ann']],
  );
});

test('neither the pages of a list nor their cursors tell of rooms that are not listed', async () => {
  const { as, create, room } = await directRoom();
  for (const user of ['carl', 'dan']) await as(user, 'dm.open', { user: 'bob' });
  const rooms: string[] = [];
  for (const owner of ['ann', 'carl']) rooms.push(await create(owner, ['bob']));
  rooms.sort();
  const pages: unknown[] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const from: object = cursor === '' ? {} : { cursor };
    const page = await as('bob', 'room.list', { limit: 1, ...from });
    pages.push([page.items.map(item => item.room), page.cursor]);
    cursor = page.cursor;
  }
  assert.deepEqual(pages, [
    [[rooms[0]], rooms[0]],
    [[rooms[1]], undefined],
  ]);
  assert.ok(room < String(rooms[0]), 'the rooms that are not listed come first');
});
