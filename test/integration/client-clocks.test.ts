import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { centrifugeTransport } from '../../client/centrifuge-transport.ts';
import { Chat } from '../../client/chat.ts';
import { memoryStorage } from '../../client/storage.ts';
import { uuid7Source } from '../../client/uuid7.ts';
import { type Clock, systemClock, type WallTime } from '../../server/time/clock.ts';
import { startBackends, type Teardown } from '../../tools/support/backends.ts';
import { BUILDS, openClient } from '../../tools/support/sdk.ts';
import { tokenFor } from '../../tools/support/token.ts';
import { until } from '../../tools/support/until.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const DAY_MS = 86_400_000;
/** Clocks of clients: behind, right and ahead. */
const SHIFTS = [-DAY_MS, 0, DAY_MS];

const cluster = await startCluster({ after }, await startBackends({ after }));
const gateway = (index: number) => cluster.gateways[index % 2 === 0 ? 0 : 1];

interface Body {
  readonly text: string;
  readonly time: number;
}

for (const build of BUILDS)
  test(`${build}: ids by clocks a day off change neither the order nor the times of messages`, async t => {
    const room = `channel:clocks-${build}`;
    const reader = await openClient(t, gateway(0).url, { build, user: 'reader' });
    const live: { readonly offset: number; readonly body: Body }[] = [];
    const subscription = await reader.subscribe(room);
    subscription.on('publication', ({ offset = 0, data }) => live.push({ offset, body: reader.value(data) as Body }));
    const began = Date.now();
    const sent: [number, string][] = [];
    for (let round = 0; round < 3; round++)
      for (const [index, shift] of SHIFTS.entries()) {
        const client = await openClient(t, gateway(index).url, { build, user: `user-${index}` });
        const id = uuid7Source(() => Date.now() + shift, randomBytes);
        const text = `${round} ${shift}`;
        if (shift > 0) {
          // An id from the future is refused: the client has to make it by the server's time.
          await assert.rejects(client.send(room, text, id()), { code: 107 });
          sent.push([(await client.send(room, text)).offset, text]);
        } else sent.push([(await client.send(room, text, id())).offset, text]);
      }
    await until('the reader has all', () => live.length === sent.length, { state: () => live.length });
    const { publications } = await subscription.history({ limit: -1 });
    const stored = publications.map(({ offset = 0, data }) => ({ offset, body: reader.value(data) as Body }));
    assert.deepEqual(live, stored);
    assert.deepEqual(
      live.map(({ offset, body }) => [offset, body.text]),
      sent,
    );
    for (const { body } of live) assert.ok(body.time >= began && body.time <= Date.now(), "times are the server's");
  });

/** A chat on a machine whose clock is wrong. */
function chatWith(t: Teardown, index: number, shift: number): Chat {
  const clock: Clock = { ...systemClock, wallClock: () => (Date.now() + shift) as WallTime };
  const user = `user-${index}`;
  const chat = new Chat({
    user,
    storage: memoryStorage(),
    clock,
    transport: onConnection =>
      centrifugeTransport({ url: gateway(index).url, getToken: () => tokenFor(user), onConnection }),
  });
  t.after(() => chat.disconnect());
  return chat;
}

test('clients whose clocks are a day off show one order and one time of each message, also of those written offline', async t => {
  const began = Date.now();
  const chats = SHIFTS.map((shift, index) => chatWith(t, index, shift));
  const rooms = chats.map(chat => chat.open('channel:clocks'));
  for (const [index, room] of rooms.entries())
    for (let number = 0; number < 3; number++) room.send(`${index} offline ${number}`);
  for (const chat of chats) chat.connect();
  const total = (count: number) =>
    until(`every client shows ${count} messages`, () => rooms.every(({ messages }) => messages.length === count), {
      state: () => rooms.map(({ messages }) => messages.length),
    });
  await total(9);
  for (let number = 0; number < 3; number++)
    for (const [index, room] of rooms.entries()) room.send(`${index} ${number}`);
  await total(18);
  const last = chats[0]?.user;
  const mine = rooms[0]?.messages.find(({ user }) => user === last);
  assert.ok(mine);
  rooms[0]?.edit(mine, 'edited');
  rooms[2]?.react(mine, '👍', true);
  const changed = () =>
    rooms.every(room => {
      const message = room.messages.find(({ offset }) => offset === mine.offset);
      return room.changes.length === 0 && message?.text === 'edited' && message.reactions.length === 1;
    });
  await until('every client shows the changes', changed);

  const [one, ...others] = rooms.map(({ messages }) => messages);
  for (const other of others) assert.deepEqual(other, one);
  const offsets = (one ?? []).map(({ offset }) => offset);
  assert.deepEqual(
    offsets,
    offsets.toSorted((a, b) => a - b),
  );
  for (const { time } of one ?? []) assert.ok(time >= began && time <= Date.now(), "times are the server's");
  for (const index of SHIFTS.keys()) {
    const texts = (one ?? []).filter(({ user }) => user === `user-${index}`).map(({ text }) => text);
    assert.deepEqual(texts.filter(text => text.includes('offline')).length, index === 0 ? 2 : 3);
    for (const chat of chats) assert.ok(Math.abs(chat.now() - Date.now()) < 60_000, "chat.now() is the server's time");
  }
});
