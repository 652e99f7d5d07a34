import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Author } from '../../../../server/chat/messages.ts';
import { CommandError } from '../../../../server/protocol/command-error.ts';
import { PublishFailed } from '../../../../server/room/log.ts';
import type { Moment } from '../../../../server/time/clock.ts';
import { MemoryLog } from '../../../support/chat/memory-log.ts';
import { MemoryStore } from '../../../support/chat/memory-store.ts';
import { testChat, testConfig, testMetrics } from '../../../support/chat/test-chat.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';

const ROOM = 'channel:room';
/** A user that has no connection to any gateway. */
const author: Author = {
  identity: { user: 'alice', expiresAt: Number.POSITIVE_INFINITY as Moment, rooms: [] },
  client: '',
};
const bodyOf = (value: unknown) => Buffer.from(JSON.stringify(value));
const message = (text: string, dedupe = '') =>
  ({ room: ROOM, type: 'message', id: dedupe, dedupe, time: 5, targets: [], body: bodyOf({ text }) }) as const;

function setUp(env: Readonly<Record<string, string>> = {}) {
  const clock = new ManualClock();
  const store = new MemoryStore();
  const log = new MemoryLog(store);
  const metrics = testMetrics();
  const clocks = { now: () => clock.now(), wallClock: () => clock.wallClock() };
  const access = () => ({ may: () => null });
  const { messages } = testChat({ clocks, config: testConfig(env), access, log, store, metrics });
  const count = async (metric: 'messagesIn' | 'duplicates' | 'publishFailures') => {
    const { values } = await metrics[metric].get();
    return values.reduce((sum, { value }) => sum + value, 0);
  };
  return { clock, log, messages, count };
}

test('a message is published without a connection, in the order of the calls, and counted', async () => {
  const { log, messages, count } = setUp();
  const sent = ['first', 'second', 'first again'].map(text =>
    messages.publish(author, message(text, text.startsWith('first') ? 'one' : 'two')),
  );
  assert.deepEqual(await Promise.all(sent), [
    { offset: 1, epoch: 'first', duplicate: false },
    { offset: 2, epoch: 'first', duplicate: false },
    { offset: 1, epoch: 'first', duplicate: true },
  ]);
  const { messages: stored } = await log.readAfter(ROOM, 0, 10);
  assert.deepEqual(
    stored.map(({ type, id, user, client, time }) => [type, id, user, client, time]),
    [
      ['message', 'one', 'alice', '', 5],
      ['message', 'two', 'alice', '', 5],
    ],
  );
  assert.deepEqual([await count('messagesIn'), await count('duplicates'), await count('publishFailures')], [2, 1, 0]);
});

test('a message that the stream does not acknowledge is a failure, and counted as one', async () => {
  const { log, messages, count } = setUp();
  log.fails = () => true;
  await assert.rejects(messages.publish(author, message('x')), PublishFailed);
  assert.deepEqual([await count('messagesIn'), await count('publishFailures')], [0, 1]);
});

test('the limits of size, room and user hold for a caller without a connection', () => {
  const { clock, log, messages } = setUp({
    CHAT_MAX_MESSAGE_BYTES: '2048',
    CHAT_MESSAGES_PER_SECOND_PER_ROOM: '1',
    CHAT_PUBLISHED_BYTES_PER_SECOND_PER_USER: '1024',
  });
  const refusal = (run: () => void) => {
    try {
      run();
    } catch (error) {
      return error instanceof CommandError ? [error.error.code, error.message] : error;
    }
    return null;
  };
  assert.equal(
    refusal(() => messages.checkSize(new Uint8Array(2_048))),
    null,
  );
  assert.deepEqual(
    refusal(() => messages.checkSize(new Uint8Array(2_049))),
    [107, 'a message must have at most 2048 bytes'],
  );
  log.most = 100;
  assert.deepEqual(
    refusal(() => messages.checkSize(new Uint8Array(101))),
    [107, 'a message must have at most 100 bytes'],
  );
  for (let sent = 0; sent < 10; sent++) messages.count(author, ROOM, new Uint8Array(1_024));
  assert.deepEqual(
    refusal(() => messages.count(author, ROOM, new Uint8Array(1))),
    [111, 'at most 1 messages a second in one room (CHAT_MESSAGES_PER_SECOND_PER_ROOM)'],
  );
  assert.deepEqual(
    refusal(() => messages.count(author, 'channel:other', new Uint8Array(1))),
    [111, 'at most 1024 bytes of messages a second a user (CHAT_PUBLISHED_BYTES_PER_SECOND_PER_USER)'],
  );
  clock.pass(1_000);
  assert.equal(
    refusal(() => messages.count(author, ROOM, new Uint8Array(1_024))),
    null,
  );
});
