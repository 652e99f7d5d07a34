import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerTo } from '../../../../server/chat/answer-to.ts';
import { receiptMark } from '../../../../server/chat/receipt-mark.ts';
import { ERRORS } from '../../../../server/protocol/codes.ts';
import { FreeCall } from '../../../support/chat/free-call.ts';
import { roomChat } from '../../../support/chat/room-chat.ts';

/** A room with so many messages of ann, and bob in it. */
async function marksChat(messages = 3) {
  const chat = roomChat();
  const room = await chat.create('ann', ['bob']);
  let top = 0;
  for (let sent = 0; sent < messages; sent++) top = (await chat.as('ann', 'message.send', { room, text: 'Hi' })).offset;
  const mark = async (user: string, marks: readonly object[]) =>
    (await chat.as(user, 'receipt.mark', { marks })).applied;
  const stored = async (user: string, of = room) => (await chat.markStore.read([{ user, room: of }]))[0] ?? null;
  return { ...chat, room, top, mark, stored };
}

test('marks are applied in the order they were given, each once', async () => {
  const { room, top, mark, stored, create, as } = await marksChat();
  const other = await create('ann', ['bob']);
  const { offset } = await as('ann', 'message.send', { room: other, text: 'Hi' });
  assert.deepEqual(
    await mark('bob', [
      { room, read: 2 },
      { room: other, delivered: offset },
    ]),
    [true, true],
  );
  const { revision: _, ...own } = (await stored('bob', other)) ?? { revision: 0 };
  assert.deepEqual(own, { read: 0, delivered: offset });
  assert.deepEqual(await mark('bob', [{ room, read: 1 }]), [false]);
  assert.equal((await stored('bob'))?.read, 2);
  assert.equal(await stored('ann'), null);
  assert.ok(top > 2);
});

test('two marks of one room count as their highest', async () => {
  const { room, mark, stored, top } = await marksChat();
  assert.deepEqual(
    await mark('bob', [
      { room, read: top },
      { room, read: 1 },
    ]),
    [true, true],
  );
  assert.equal((await stored('bob'))?.read, top);
});

test('a call with a mark that is refused changes nothing', async () => {
  const { room, top, refused, stored, code } = await marksChat();
  const good = { room, read: 1 };
  const tooHigh = await refused('bob', 'receipt.mark', { marks: [good, { room, read: top + 1 }] });
  assert.deepEqual(tooHigh, { code: 107, message: 'marks[1].read is above the last offset of the room' });
  assert.equal(await code('bob', 'receipt.mark', { marks: [good, { room }] }), 107);
  assert.equal(await code('bob', 'receipt.mark', { marks: [] }), 107);
  assert.equal(await code('bob', 'receipt.mark', { marks: Array.from({ length: 101 }, () => good) }), 107);
  assert.equal(await stored('bob'), null);
  const notTheirs = await refused('eve', 'receipt.mark', { marks: [good] });
  const nowhere = await refused('eve', 'receipt.mark', { marks: [{ room: 'group:none', read: 1 }] });
  assert.equal(notTheirs.code, 103);
  assert.deepEqual(notTheirs, nowhere);
});

test('MongoDB away changes nothing; NATS away is a temporary error', async () => {
  const { room, store, markStore, mark, call, clock } = await marksChat();
  store.up = false;
  assert.deepEqual(await mark('bob', [{ room, read: 1 }]), [true]);
  clock.pass(1_000);
  markStore.away = true;
  const again = call(receiptMark, { marks: [{ room, read: 2 }] }, new FreeCall('bob'));
  await assert.rejects(again, error => answerTo(error).error === ERRORS.internal);
});
