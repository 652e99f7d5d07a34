import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uuid7Source } from '../../../../client/uuid7.ts';
import { tokenFor } from '../../../../tools/support/token.ts';
import { type Said, type TestClient, TestGateway } from '../../../support/chat/test-gateway.ts';

const ROOM = 'channel:room';
const publish = (id: number, text: string, channel = ROOM) => ({ id, publish: { channel, data: { text } } });
const refusal = ({ error }: Said) => error && [error.code, error.temporary, error.message];
const refused = (gateway: TestGateway) =>
  gateway.context.metrics.limited.get().then(({ values }) => values.map(({ labels, value }) => [labels.limit, value]));

/** Number of accepted commands out of so many; ids start at `from`. */
async function passed(client: TestClient, from: number, count: number, command: (id: number) => object) {
  const ids = Array.from({ length: count }, (_, i) => from + i);
  for (const id of ids) client.say(command(id));
  const replies = await Promise.all(ids.map(id => client.reply(id)));
  return replies.filter(reply => !reply.error).length;
}

test('a user connects so many times to a gateway; the next is asked to come back, and may once one has gone', async () => {
  const gateway = new TestGateway({ CHAT_MAX_CONNECTIONS_PER_USER: '2' });
  const [first] = [await gateway.connect(), await gateway.connect(), await gateway.connect('bob')];
  const third = gateway.open();
  const answer = await third.ask({ id: 1, connect: { token: await tokenFor('alice') } } as { id: number });
  const text = 'at most 2 connections a user (CHAT_MAX_CONNECTIONS_PER_USER)';
  assert.deepEqual(refusal(answer), [111, true, text]);
  third.hangUp();
  first.hangUp();
  assert.ok((await gateway.connect()).heard[0]?.['connect']);
  assert.deepEqual(await refused(gateway), [['user_connections', 1]]);
});

test('a user publishes so many bytes a second, over all connections and rooms, also by message.send', async () => {
  const gateway = new TestGateway({ CHAT_PUBLISHED_BYTES_PER_SECOND_PER_USER: '2048' });
  const [one, other, bob] = [await gateway.connect(), await gateway.connect(), await gateway.connect('bob')];
  const kib = 'x'.repeat(1024 - '{"text":""}'.length);
  assert.equal(await passed(one, 2, 15, id => publish(id, kib, `channel:${id}`)), 15);
  assert.equal(await passed(other, 2, 10, id => publish(id, kib)), 5);
  const nextId = uuid7Source(
    () => gateway.clock.wallClock(),
    length => crypto.getRandomValues(new Uint8Array(length)),
  );
  const data = { room: ROOM, id: nextId(), text: kib };
  const sent = await one.ask({ id: 90, rpc: { method: 'message.send', data } } as { id: number });
  const limit = 'at most 2048 bytes of messages a second a user (CHAT_PUBLISHED_BYTES_PER_SECOND_PER_USER)';
  assert.deepEqual(refusal(sent), [111, true, limit]);
  assert.equal(await passed(bob, 2, 5, id => publish(id, kib)), 5);
  gateway.clock.pass(1_000);
  assert.equal(await passed(one, 100, 5, id => publish(id, kib)), 2);
  assert.deepEqual(await refused(gateway), [['user_bytes', 5 + 1 + 3]]);
});

test('a room takes so many messages a second, whoever sends them; other rooms go on', async () => {
  const gateway = new TestGateway({ CHAT_MESSAGES_PER_SECOND_PER_ROOM: '2' });
  const [alice, bob] = [await gateway.connect(), await gateway.connect('bob')];
  assert.equal(await passed(alice, 2, 12, id => publish(id, 'x')), 12);
  assert.equal(await passed(bob, 2, 12, id => publish(id, 'x')), 8);
  const text = 'at most 2 messages a second in one room (CHAT_MESSAGES_PER_SECOND_PER_ROOM)';
  assert.deepEqual(refusal(await bob.ask(publish(50, 'x'))), [111, true, text]);
  assert.equal(await passed(bob, 60, 5, id => publish(id, 'x', 'channel:other')), 5);
  gateway.clock.pass(1_500);
  assert.equal(await passed(bob, 70, 5, id => publish(id, 'x')), 3);
  assert.deepEqual(await refused(gateway), [['room_messages', 4 + 1 + 2]]);
});

test('a user opens so many rooms a second; rooms that are open already do not count', async () => {
  const gateway = new TestGateway({ CHAT_ROOMS_OPENED_PER_SECOND_PER_USER: '1' });
  const [alice, other, bob] = [await gateway.connect(), await gateway.connect(), await gateway.connect('bob')];
  const subscribe = (id: number, channel = `channel:${id}`) => ({ id, subscribe: { channel } });
  assert.equal(await passed(alice, 2, 15, id => subscribe(id)), 10);
  const text = 'at most 1 new rooms a second a user (CHAT_ROOMS_OPENED_PER_SECOND_PER_USER)';
  assert.deepEqual(refusal(await other.ask(subscribe(99))), [111, true, text]);
  assert.equal(await passed(other, 2, 10, id => subscribe(id)), 10);
  assert.equal(await passed(bob, 50, 5, id => subscribe(id)), 5);
  assert.equal(gateway.rooms.size, 2 + 10 + 5);
  gateway.clock.pass(1_000);
  assert.equal(await passed(alice, 200, 3, id => subscribe(id)), 1);
});
