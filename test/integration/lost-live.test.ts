import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { Delivery, FLAWLESS } from '../../tools/support/delivery.ts';
import { metric } from '../../tools/support/metrics.ts';
import { seeded } from '../../tools/support/random.ts';
import { BUILDS, openClient, record, sendSurely } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { LONG_TEXTS, type RunningGateway, startCluster } from '../support/chat/local-chat.ts';

const backends = await startBackends({ after });
const ROOM = 'channel:lossy';
const RECHECK_SECONDS = 5;
const SLACK_MS = 10_000;

test('one live message in 50 is lost, and the last of the room: every client has all of them within the bound', async t => {
  const random = seeded(50);
  let dropped = 0;
  let dropAll = false;
  const { gateways } = await startCluster(t, backends, {
    env: { CHAT_RECHECK_SECONDS: String(RECHECK_SECONDS) },
    dropLive: room => {
      if (room !== ROOM || !(dropAll || random() < 1 / 50)) return false;
      dropped += 1;
      return true;
    },
  });
  const delivery = new Delivery();
  for (const [index, gateway] of gateways.entries()) {
    for (const build of BUILDS) {
      const name = `${build}-${index}`;
      await record(await openClient(t, gateway.url, { build, user: name }), name, ROOM, delivery);
    }
  }
  const alice = await openClient(t, gateways[0].url);
  for (let batch = 0; batch < 50; batch++)
    await Promise.all(Array.from({ length: 10 }, (_, i) => sendSurely(alice, ROOM, `${batch}.${i}`, delivery)));
  await until('all is repaired', () => delivery.complete(), { state: () => delivery.state() });
  assert.ok(dropped >= 5, `only ${dropped} were lost on the way`);

  /** Repairs that no later message gave away. The first comparison of a room, after 1 s, is counted by itself. */
  const compared = async ({ adminPort }: RunningGateway) => {
    const counts = ['recheck', 'opening'].map(cause => metric(adminPort, 'chatcluster_repairs_total', { cause }));
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  };
  const before = await Promise.all(gateways.map(compared));
  dropAll = true;
  await sendSurely(alice, ROOM, 'the last', delivery);
  await until('the last message has arrived everywhere', () => delivery.complete(), {
    ms: RECHECK_SECONDS * 1000 + SLACK_MS,
    state: () => delivery.state(),
  });
  assert.deepEqual(delivery.verdict(), FLAWLESS);
  for (const [index, gateway] of gateways.entries()) {
    assert.ok((await metric(gateway.adminPort, 'chatcluster_repairs_total', { cause: 'gap' })) > 0);
    assert.ok((await compared(gateway)) > (before[index] ?? 0), 'the last message was found by a comparison');
  }
});

test('a live message is lost and LIVE forgets it before any comparison: it comes before the next, though nothing points at it', async t => {
  let dropped: 'all' | 'none' = 'all';
  const cluster = await startCluster(t, backends, {
    env: {
      CHAT_PARTITIONS: '1',
      ...LONG_TEXTS,
      CHAT_LIVE_MAX_BYTES: String(1024 * 1024),
      CHAT_RECHECK_SECONDS: '299',
      CHAT_MAX_SUBSCRIPTIONS: '200',
    },
    dropLive: room => room === ROOM && dropped === 'all',
  });
  const [gateway] = cluster.gateways;
  // Rooms are compared in the order they were opened, one a second: this one's turn comes long after the test.
  const carol = await openClient(t, gateway.url, { user: 'carol' });
  await Promise.all(Array.from({ length: 150 }, (_, i) => carol.subscribe(`channel:before-${i}`)));
  const bob = await openClient(t, gateway.url, { user: 'bob' });
  const delivery = new Delivery();
  await record(bob, 'bob', ROOM, delivery);
  const alice = await openClient(t, gateway.url);
  await sendSurely(alice, ROOM, 'found by the comparison after a second', delivery);
  await until('the only comparison of this test is over', () => delivery.complete());

  const lost = await sendSurely(alice, ROOM, 'lost', delivery);
  const text = 'x'.repeat(20_000);
  await until('LIVE has forgotten the room', async () => {
    await alice.send('channel:loud', text);
    return (await cluster.firstLive(ROOM)) > lost.offset;
  });
  dropped = 'none';
  await sendSurely(alice, ROOM, 'next', delivery);
  await until('bob has both', () => delivery.complete(), { state: () => delivery.state() });
  assert.deepEqual(delivery.verdict(), FLAWLESS);
  assert.equal(await metric(gateway.adminPort, 'chatcluster_repairs_total', { cause: 'forgotten' }), 1);
});
