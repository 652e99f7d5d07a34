import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoredMessage } from '../../../../server/room/message.ts';
import { NO_CONTROL } from '../../../support/chat/no-control.ts';
import { TestMember, TestRooms } from '../../../support/chat/test-rooms.ts';

const INBOX = 'user:bob';

function inbox() {
  const noted: string[] = [];
  const control = { ...NO_CONTROL, noted: (_: string, { type }: StoredMessage) => void noted.push(type) };
  const all = new TestRooms({ control, tailMessages: 2 });
  const put = async (type: string) => {
    const envelope = { type, id: '', dedupe: '', time: 0, user: '', client: '', traceparent: '', cv: 0, seen: 0 };
    return (await all.log.publish(INBOX, Buffer.from('{"user":"ann"}'), { ...envelope, targets: [] })).offset;
  };
  return { all, put, noted };
}

test('gateways take note of an entry that they alone may read, and no client gets it', async () => {
  const { all, put, noted } = inbox();
  const live = await all.join(INBOX, null, new TestMember(all, 'bob'));
  const friend = await put('friend');
  await put('pair');
  const after = await put('friend');
  assert.deepEqual(
    [live.offsets, noted],
    [
      [friend, after],
      ['friend', 'pair', 'friend'],
    ],
  );
  await put('pair');
  const late = await all.join(INBOX, { offset: 0, epoch: '' }, new TestMember(all, 'bob'));
  assert.deepEqual(late.offsets, [friend, after], 'recovered from the tail');
  const last = await put('friend');
  assert.deepEqual([live.offsets.at(-1), late.offsets.at(-1)], [last, last]);
});

test('a recovery from the log and a page of history leave it out', async () => {
  const { all, put } = inbox();
  const shown: number[] = [];
  for (let round = 0; round < 20; round++) {
    shown.push(await put('friend'));
    await put('pair');
  }
  const late = await all.join(INBOX, { offset: 0, epoch: '' }, new TestMember(all, 'bob'));
  assert.deepEqual(late.offsets, shown);
  const { reader } = all.joining;
  const offsets = (messages: readonly StoredMessage[]) => messages.map(({ offset }) => offset);
  assert.deepEqual(offsets((await reader.after(INBOX, 0, 100)).messages), shown);
  assert.deepEqual(offsets((await reader.before(INBOX, 1_000, 3)).messages), shown.slice(-3).reverse());
  all.log.purge(20);
  assert.deepEqual(offsets((await reader.after(INBOX, 0, 100)).messages), shown);
});
