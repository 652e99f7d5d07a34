import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type TestClient, TestGateway } from '../../../support/chat/test-gateway.ts';
import { settle } from '../../../support/clocks/settle.ts';

const MIB = 1024 * 1024;
const ROOMS = 60;
const roomOf = (index: number) => `channel:room-${index}`;
const subscribe = (id: number) => ({
  id,
  subscribe: { channel: roomOf(id), recover: true, offset: 0, epoch: 'first' },
});
const ids = Array.from({ length: ROOMS }, (_, index) => index + 2);

/** A gateway with messages in many rooms, and how many pages of them are and were read at the same time. */
async function filled(messages: number, env: Readonly<Record<string, string>> = {}) {
  const gateway = new TestGateway(env);
  for (const id of ids) for (let i = 0; i < messages; i++) gateway.log.append(roomOf(id));
  const reads = { now: 0, most: 0, all: 0 };
  const read = gateway.log.readAfter.bind(gateway.log);
  gateway.log.readAfter = async (...range) => {
    reads.now += 1;
    reads.all += 1;
    reads.most = Math.max(reads.most, reads.now);
    return await read(...range).finally(() => {
      reads.now -= 1;
    });
  };
  return { gateway, reads, client: await gateway.connect() };
}

/** Offsets a client has of a room, in the order they came. */
const offsets = (client: TestClient, id: number) =>
  client.heard.flatMap(said => {
    if (said.id === id) return said['subscribe'].publications ?? [];
    return said['push']?.channel === roomOf(id) && said['push'].pub ? [said['push'].pub] : [];
  });

test('a client that recovers sixty rooms has two pages read at a time, and gets everything', async () => {
  const { gateway, reads, client } = await filled(5, { CHAT_RECOVERY_CHUNK: '2' });
  client.say(...ids.map(subscribe));
  for (const id of ids) await client.reply(id);
  while (reads.now > 0 || gateway.context.pages.underWay > 0) await settle();
  assert.equal(reads.most, 2);
  for (const id of ids) assert.deepEqual([id, offsets(client, id).length], [id, 5]);
});

test('a client that reads nothing holds its positions and no page: nothing more is read until it reads', async () => {
  const { gateway, reads, client } = await filled(5);
  client.waiting = MIB;
  client.say(...ids.map(subscribe));
  for (const id of ids) assert.deepEqual((await client.reply(id))['subscribe'].publications ?? [], []);
  await settle();
  const looked = reads.all;
  await settle();
  assert.deepEqual(
    [reads.all, reads.now, gateway.context.pages.underWay, gateway.context.pages.waiting],
    [looked, 0, 0, 0],
  );
  client.waiting = 0;
  client.session.flushed();
  while (offsets(client, ids.at(-1) ?? 0).length < 5) await settle();
  assert.ok(reads.all > looked); // read again from the position
  for (const id of ids)
    assert.deepEqual(
      offsets(client, id).map(({ offset }: { offset: number }) => offset),
      gateway.log.offsetsOf(roomOf(id)),
    );
});

test('the number of recoveries at a time is an option, also while the gateway runs', async () => {
  const { gateway, reads, client } = await filled(1, { CHAT_RECOVERIES_PER_CONNECTION: '5' });
  client.say(...ids.slice(0, 30).map(subscribe));
  for (const id of ids.slice(0, 30)) await client.reply(id);
  assert.equal(reads.most, 5);
  reads.most = 0;
  Object.assign(gateway.config, { recoveriesPerConnection: 1 });
  client.say(...ids.slice(30).map(subscribe));
  for (const id of ids.slice(30)) await client.reply(id);
  assert.equal(reads.most, 1);
});

test('all connections together have as many pages read as the send buffers leave room for', async () => {
  const { gateway, reads } = await filled(1, { CHAT_SEND_BUFFER_TOTAL_BYTES: String(20 * MIB) });
  const clients = await Promise.all(ids.map(id => gateway.connect(`user-${id}`)));
  for (const [index, client] of clients.entries()) client.say(subscribe(ids[index] ?? 0));
  for (const [index, client] of clients.entries()) await client.reply(ids[index] ?? 0);
  assert.equal(reads.most, 5);
});

test('history is not read for a client that does not read, and answered once it does', async () => {
  const { reads, client } = await filled(3);
  const history = (id: number) => ({
    id,
    history: { channel: roomOf(2), limit: 10, since: { offset: 0, epoch: 'first' } },
  });
  client.waiting = MIB;
  client.say(...ids.map(history));
  await settle();
  assert.deepEqual([reads.all, client.heard.length], [0, 1]);
  client.waiting = 0;
  client.session.flushed();
  await client.reply(ids.at(-1) ?? 0);
  assert.deepEqual([client.heard.length, reads.most], [1 + ROOMS, 1]);
});

test('so many reads of history may wait; one more is a temporary error that names the limit', async () => {
  const { client } = await filled(1, { CHAT_COMMAND_BURST: '5000' });
  client.waiting = MIB;
  for (let id = 2; id < 700; id++) client.say({ id, history: { channel: roomOf(2), limit: 1 } });
  const { error } = await client.reply(699);
  assert.deepEqual([error?.code, error?.temporary], [111, true]);
  assert.match(error?.message ?? '', /at most 512 reads of history/);
  await settle();
  assert.equal(client.heard.filter(said => said.error).length, 700 - 2 - 512);
});

test('who leaves while it waits for its turn has nothing read', async () => {
  const { gateway, reads, client } = await filled(1);
  const gate = Promise.withResolvers<void>();
  gateway.log.wait = () => gate.promise;
  client.say(...ids.map(subscribe));
  client.say({ id: 900, history: { channel: roomOf(2), limit: 1 } });
  await settle();
  client.hangUp();
  gateway.log.wait = () => Promise.resolve();
  gate.resolve();
  while (gateway.context.pages.underWay > 0) await settle();
  await settle();
  assert.ok(reads.all <= 2, `${reads.all} reads`);
  assert.equal(gateway.context.pages.waiting, 0);
});

for (const { what, text, messages, most } of [
  {
    what: 'large messages: no more is read than about a page of them',
    text: 'x'.repeat(30_000),
    messages: 17,
    most: 50,
  },
  { what: 'small messages: all of them, in two reads', text: 'x', messages: 300, most: 300 },
]) {
  for (const reverse of [false, true]) {
    test(`a page of history, ${reverse ? 'backwards' : 'forwards'}, of ${what}`, async () => {
      const gateway = new TestGateway();
      for (let i = 0; i < 400; i++) gateway.log.append(roomOf(1), text);
      gateway.log.purge(400); // MongoDB has no limit of bytes
      const limits: number[] = [];
      const read = gateway.store.read.bind(gateway.store);
      gateway.store.read = (room, range) => {
        limits.push(range.limit);
        return read(room, range);
      };
      const client = await gateway.connect();
      const since = { offset: reverse ? 401 : 0, epoch: 'first' };
      const { history } = await client.ask({ id: 2, history: { channel: roomOf(1), limit: -1, since, reverse } } as {
        id: number;
      });
      const seen = history.publications.map(({ offset }: { offset: number }) => offset);
      const expected = Array.from({ length: messages }, (_, i) => (reverse ? 400 - i : i + 1));
      assert.deepEqual(seen, expected);
      assert.equal(
        limits.reduce((sum, limit) => sum + limit, 0),
        most,
      );
      assert.ok(limits.length <= 2);
    });
  }
}

test('what a page of history has found is answered also when MongoDB, which has the rest, is away', async () => {
  const gateway = new TestGateway();
  for (let i = 0; i < 100; i++) gateway.log.append(roomOf(1));
  gateway.log.purge(50); // the first step takes all that the stream has
  gateway.store.up = false;
  const client = await gateway.connect();
  const since = { offset: 101, epoch: 'first' };
  const page = { id: 2, history: { channel: roomOf(1), limit: -1, since, reverse: true } };
  const { history, error } = await client.ask(page as { id: number });
  assert.deepEqual([error, history?.publications.length], [undefined, 50]);
  const older = { id: 3, history: { ...page.history, since: { offset: 51, epoch: 'first' } } };
  assert.equal((await client.ask(older as { id: number })).error?.code, 100);
});
