import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { uuid7Source } from '../../client/uuid7.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { Delivery, FLAWLESS } from '../../tools/support/delivery.ts';
import { type Client, nextId, openClient, record, sendSurely } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { startLink } from '../support/chat/link.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const backends = await startBackends({ after });
const WINDOW_SECONDS = 10;
const env = { CHAT_DEDUPE_SECONDS: String(WINDOW_SECONDS), CHAT_PARTITIONS: '1' };
const idsOf = (aheadMs: number) =>
  uuid7Source(
    () => Date.now() + aheadMs,
    length => randomBytes(length),
  );
const anHourAgo = idsOf(-3_600_000);
/** Ids by a clock that is as far ahead as gateways allow. */
const ahead = idsOf(WINDOW_SECONDS * 500 - 200);
/** Options with which stored messages leave LOG as soon as they may. */
const PURGING = { ...env, CHAT_HOT_WINDOW_SECONDS: '0', CHAT_PURGE_SECONDS: '1' };

async function stored(client: Client, room: string): Promise<readonly (number | undefined)[]> {
  return (await client.sdk.history(room, { limit: -1 })).publications.map(({ offset }) => offset);
}

test('the same id in two rooms of one partition is stored in both', async t => {
  const { gateways } = await startCluster(t, backends, { env });
  const client = await openClient(t, gateways[0].url);
  const id = nextId();
  const one = await client.send('channel:one', 'x', id);
  const two = await client.send('channel:two', 'x', id);
  assert.deepEqual([one.duplicate, two.duplicate], [false, false]);
  assert.notEqual(one.offset, two.offset);
  assert.deepEqual(await stored(client, 'channel:one'), [one.offset]);
  assert.deepEqual(await stored(client, 'channel:two'), [two.offset]);
});

test('the same id of two users in one room is stored for both', async t => {
  const { gateways } = await startCluster(t, backends, { env });
  const id = nextId();
  const alice = await (await openClient(t, gateways[0].url, { user: 'alice' })).send('channel:r', 'x', id);
  const bob = await (await openClient(t, gateways[0].url, { user: 'bob' })).send('channel:r', 'x', id);
  assert.deepEqual([alice.duplicate, bob.duplicate], [false, false]);
});

test('a retry is stored once and answers the place of the first, on another gateway and build too', async t => {
  const { gateways } = await startCluster(t, backends, { env });
  const json = await openClient(t, gateways[0].url, { build: 'json' });
  const protobuf = await openClient(t, gateways[1].url, { build: 'protobuf' });
  const id = nextId();
  const [first, ...retries] = await Promise.all([
    json.send('channel:r', 'x', id),
    json.send('channel:r', 'x', id),
    protobuf.send('channel:r', 'x', id),
  ]);
  assert.deepEqual(new Set([first, ...retries].map(({ offset }) => offset)).size, 1);
  assert.equal([first, ...retries].filter(({ duplicate }) => !duplicate).length, 1);
  assert.deepEqual(await stored(json, 'channel:r'), [first.offset]);
});

test("a retry after the stream's window is stored once", async t => {
  const { gateways } = await startCluster(t, backends, { env });
  const client = await openClient(t, gateways[0].url);
  const id = nextId();
  const first = await client.send('channel:r', 'x', id);
  const sentAt = performance.now();
  // NATS forgets an id without a word: a stream says nothing of its window but how long it is.
  await until('the window is over', () => performance.now() - sentAt > (WINDOW_SECONDS + 1) * 1000);
  const retry = await client.send('channel:r', 'x', id);
  assert.deepEqual(retry, { ...first, duplicate: true });
  assert.deepEqual(await stored(client, 'channel:r'), [first.offset]);
});

test('an old id is stored once, whether the first is still in the stream or only in MongoDB', async t => {
  const { gateways, firstOffset } = await startCluster(t, backends, { env: PURGING });
  const client = await openClient(t, gateways[0].url);
  const id = anHourAgo();
  const first = await client.send('channel:r', 'written offline', id);
  assert.equal(first.duplicate, false);
  assert.deepEqual(await client.send('channel:r', 'written offline', id), { ...first, duplicate: true });
  await until('the stream has forgotten it', async () => (await firstOffset('channel:r')) > first.offset);
  assert.deepEqual(await client.send('channel:r', 'written offline', id), { ...first, duplicate: true });
  assert.deepEqual(await stored(client, 'channel:r'), [first.offset]);
});

test('an id ahead of the clock is stored once, also when NATS starts again right after LOG has lost its message', async t => {
  const { gateways, firstOffset } = await startCluster(t, backends, { env: PURGING });
  const client = await openClient(t, gateways[0].url);
  const id = ahead();
  const first = await client.send('channel:r', 'x', id);
  assert.equal(first.duplicate, false);
  await until('LOG has lost it', async () => (await firstOffset('channel:r')) > first.offset);
  await backends.nats.kill();
  await backends.nats.start();
  const again = await until('it is answered', () => client.send('channel:r', 'x', id).catch(() => null));
  assert.deepEqual(again, { ...first, duplicate: true });
});

test('publishes in flight when their gateway dies are stored once', async t => {
  const { gateways } = await startCluster(t, backends, { env });
  const link = await startLink(t, gateways[0].port);
  const alice = await openClient(t, link.url);
  const bob = await openClient(t, gateways[1].url, { user: 'bob' });
  const delivery = new Delivery();
  await record(bob, 'bob', 'channel:r', delivery);
  await alice.connected();
  const sends = Array.from({ length: 200 }, (_, i) => sendSurely(alice, 'channel:r', `${i}`, delivery));
  await until('some are stored', () => delivery.received('bob').length > 10);
  link.target(gateways[1].port);
  link.cut();
  await Promise.all(sends);
  await until('bob has all', () => delivery.complete(), { state: () => delivery.state() });
  assert.deepEqual(delivery.verdict(), FLAWLESS);
});
