import assert from 'node:assert/strict';
import { test } from 'node:test';
import { roomChat } from '../../../support/chat/room-chat.ts';

/** A room of ann, its owner, with bob and eve. */
async function mentionChat() {
  const chat = roomChat();
  const room = await chat.create('ann', ['bob', 'eve']);
  const send = async (user: string, params: object) => {
    const of = chat.idOf();
    const { offset } = await chat.as(user, 'message.send', { room, id: of, text: 'Hi', ...params });
    return { target: offset, of };
  };
  const edit = (user: string, target: object, params: object) =>
    chat.as(user, 'message.edit', { room, text: 'Hello', ...target, ...params });
  const mentions = async (user: string) => (await chat.as(user, 'unread', { rooms: [room] })).items[0]?.mentions;
  return { ...chat, room, send, edit, mentions };
}

type MentionChat = Awaited<ReturnType<typeof mentionChat>>;

/** Places of messages while their mentions are counted. */
const PLACES: Readonly<Record<string, (chat: MentionChat) => void>> = {
  'in LOG alone': () => undefined,
  'stored, and not folded yet': ({ log }) => log.storeUpTo(log.last),
  'stored and folded': ({ log, store }) => {
    log.storeUpTo(log.last);
    store.apply(log.last);
  },
  'folded up to the entry before the last': ({ log, store }) => {
    log.storeUpTo(log.last);
    store.apply(log.last - 1);
  },
};

for (const [place, move] of Object.entries(PLACES))
  test(`mentions in messages that are ${place} count as the texts are now`, async () => {
    const chat = await mentionChat();
    const { room, send, edit, mentions, as, clock } = chat;
    const one = await send('ann', { mentions: ['bob'] });
    const two = await send('eve', { mentions: ['bob', 'eve'] });
    const all = await send('ann', { all: true });
    const none = await send('ann', {});
    move(chat);
    assert.deepEqual([await mentions('ann'), await mentions('bob'), await mentions('eve')], [0, 3, 1]);
    // An edit brings a mention, and takes one away.
    await edit('ann', none, { mentions: ['eve'] });
    move(chat);
    assert.deepEqual([await mentions('bob'), await mentions('eve')], [3, 2]);
    await edit('ann', one, {});
    move(chat);
    assert.deepEqual([await mentions('bob'), await mentions('eve')], [2, 2]);
    await as('bob', 'block.add', { user: 'eve' });
    assert.equal(await mentions('bob'), 1);
    await as('bob', 'block.remove', { user: 'eve' });
    await as('eve', 'message.delete', { room, targets: [two] });
    move(chat);
    assert.equal(await mentions('bob'), 1);
    await as('eve', 'message.delete', { room, targets: [none], scope: 'me' });
    assert.equal(await mentions('eve'), 1);
    await as('bob', 'receipt.mark', { marks: [{ room, read: all.target }] });
    clock.pass(1_000);
    assert.equal(await mentions('bob'), 0);
  });

test('at most a hundred mentions are counted', async () => {
  const { send, mentions } = await mentionChat();
  for (let i = 0; i < 101; i++) await send('ann', { mentions: ['bob'] });
  assert.equal(await mentions('bob'), 100);
});

test('mentions that MongoDB alone knows are not said while it does not answer, and a room that is read has none', async () => {
  const chat = await mentionChat();
  const { room, send, mentions, as, store, log } = chat;
  const { target } = await send('ann', { mentions: ['bob'] });
  await as('eve', 'receipt.mark', { marks: [{ room, read: target }] });
  log.purge(log.last);
  store.apply(log.last);
  assert.equal(await mentions('bob'), 1);
  store.up = false;
  assert.equal(await mentions('bob'), null);
  assert.equal(await mentions('eve'), 0);
  const { items } = await as('eve', 'room.list', {});
  assert.deepEqual(
    items.map(each => [each.n, each.mentions]),
    [[0, 0]],
  );
});
