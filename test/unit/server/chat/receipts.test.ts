import assert from 'node:assert/strict';
import { test } from 'node:test';
import { roomChat } from '../../../support/chat/room-chat.ts';
import { settle } from '../../../support/clocks/settle.ts';

/** A room of ann, bob and eve with a message. */
async function receiptsChat() {
  const chat = roomChat({ small: { sizes: { receipts: 2 } } });
  const room = await chat.create('ann', ['bob', 'eve']);
  const { offset } = await chat.as('ann', 'message.send', { room, text: 'Hi' });
  const mark = async (user: string, mark: object, where = room) => {
    chat.clock.pass(1_000);
    await chat.as(user, 'receipt.mark', { marks: [{ room: where, ...mark }] });
    await settle();
  };
  const who = async (user: string, where = room) => await chat.as(user, 'receipt.who', { room: where, target: offset });
  /** Receipts since the last call. */
  const shown = () => chat.events.splice(0).filter(({ data }) => data.type === 'receipt');
  return { ...chat, room, offset, mark, who, shown };
}

test('the others see how far a user has read, and the own devices take the mark over', async () => {
  const { room, offset, mark, who, shown, userEvents } = await receiptsChat();
  await mark('bob', { delivered: offset });
  assert.deepEqual(shown(), [
    { room, data: { type: 'receipt', user: 'bob', read: 0, delivered: offset }, except: ['bob'] },
  ]);
  assert.deepEqual(await who('ann'), { read: [], delivered: ['bob'] });
  await mark('bob', { read: offset });
  await mark('bob', { read: 1 }); // changes nothing, and nobody hears of it
  assert.equal(shown().length, 1);
  assert.deepEqual(userEvents.at(-1), {
    user: 'bob',
    data: { type: 'mark', room, read: offset, delivered: offset },
  });
  assert.deepEqual(await who('ann'), { read: ['bob'], delivered: [] });
  assert.deepEqual(await who('bob'), { read: [], delivered: [] }, 'one does not see oneself');
});

test('above sizes.receipts of the kind, and in inboxes, there are no receipts, but marks', async () => {
  const { create, as, mark, code, shown, userEvents } = await receiptsChat();
  const room = await create('ann', ['bob', 'eve'], 'small');
  const { offset } = await as('ann', 'message.send', { room, text: 'Hi' });
  await mark('bob', { read: offset }, room);
  assert.deepEqual(shown(), []);
  assert.equal(userEvents.at(-1)?.user, 'bob');
  assert.equal(await code('ann', 'receipt.who', { room, target: offset }), 108);
  assert.equal(await code('ann', 'receipt.who', { room: 'user:ann', target: 1 }), 108);
});

test('a user with receipts off is seen by nobody, and sees nobody', async () => {
  const { as, mark, who, shown, offset, clock } = await receiptsChat();
  await as('bob', 'settings.set', { privacy: { receipts: 'off' } });
  clock.pass(10_000);
  await mark('bob', { read: offset });
  assert.deepEqual(shown(), []);
  await mark('eve', { read: offset });
  assert.deepEqual(
    shown().map(({ except }) => except),
    [['eve', 'bob']],
  );
  assert.deepEqual(await who('ann'), { read: ['eve'], delivered: [] });
  assert.deepEqual(await who('bob'), { read: [], delivered: [] });
});

test('users of whom one blocks the other do not see what the other reads', async () => {
  const { as, mark, who, shown, offset, clock } = await receiptsChat();
  await as('ann', 'block.add', { user: 'eve' });
  clock.pass(10_000);
  await mark('eve', { read: offset });
  assert.deepEqual(
    shown().map(({ except }) => except),
    [['eve', 'ann']],
  );
  assert.deepEqual(await who('ann'), { read: [], delivered: [] });
  assert.deepEqual((await who('bob')).read, ['eve']);
});

test('room.list answers the own marks: 0 for none, and those that NATS has while MongoDB is away', async () => {
  const { room, offset, as, mark, create, store, markStore } = await receiptsChat();
  const other = await create('bob');
  await mark('bob', { read: offset });
  const listed = async () =>
    new Map((await as('bob', 'room.list', {})).items.map(item => [item.room, [item.read, item.delivered]]));
  assert.deepEqual((await listed()).get(room), [offset, offset]);
  assert.deepEqual((await listed()).get(other), [0, 0]);
  store.up = false;
  assert.deepEqual((await listed()).get(room), [offset, offset]);
  assert.deepEqual((await listed()).get(other), [null, null]);
  store.up = true;
  markStore.away = true; // as beside a worker of the release before
  assert.deepEqual((await listed()).get(other), [null, null]);
});

test('an overloaded gateway tells the own devices of a mark, and nobody else; the mark itself is kept', async () => {
  const { offset, mark, who, shown, userEvents, rights } = await receiptsChat();
  rights.leftOut = ['typing', 'presence', 'receipts'];
  await mark('bob', { read: offset });
  assert.deepEqual(shown(), []);
  assert.equal(userEvents.at(-1)?.user, 'bob');
  assert.deepEqual(await who('ann'), { read: ['bob'], delivered: [] });
});
