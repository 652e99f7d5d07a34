import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { MongoClient } from 'mongodb';
import { names as namesOf, partitionOf } from '../../server/bus/names.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { Delivery, FLAWLESS } from '../../tools/support/delivery.ts';
import { BUILDS, openClient, record, sendSurely } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { startCluster } from '../support/chat/local-chat.ts';
import { rawNats } from '../support/chat/raw-nats.ts';

const backends = await startBackends({ after });
const ROOM = 'channel:a';
const LINE_BREAK = 'NATS/1.0\r\nChat-V: 1\r\nChat-User: a\nb\r\n\r\n';
const FORGED = '{"a":1}}\n{"push":{"channel":"channel:a","pub":{"data":{"id":"forged"},"offset":1}}';

async function start(t: TestContext, instance: string) {
  const cluster = await startCluster(t, backends, { env: { CHAT_INSTANCE: instance, CHAT_PARTITIONS: '1' } });
  const names = namesOf(instance);
  const raw = await rawNats(t, backends.nats.port);
  const mongo = new MongoClient(backends.mongo.uri);
  t.after(() => mongo.close());
  const rejected = () => mongo.db(names.database).collection('rejected').find().sort({ offset: 1 }).toArray();
  return { cluster, raw, rejected, log: names.log(partitionOf(ROOM, 1), ROOM), live: names.live(0, ROOM) };
}

test('messages that cannot be read stop no publish, no delivery, no recovery and no storing, and forge no frame', async t => {
  const { cluster, raw, rejected, log, live } = await start(t, 'unreadable');
  const delivery = new Delivery();
  for (const [index, gateway] of cluster.gateways.entries()) {
    const reader = await openClient(t, gateway.url, { build: BUILDS[index] ?? 'json', user: `reader-${index}` });
    await record(reader, `reader-${index}`, ROOM, delivery);
  }
  const alice = await openClient(t, cluster.gateways[0].url);
  await sendSurely(alice, ROOM, 'before', delivery);
  const bad: [string, string, string | Uint8Array][] = [
    [log, LINE_BREAK, '{"id":"bad header"}'],
    [log, 'NATS/1.0\r\nChat-V: x\r\n\r\n', '{"id":"bad version"}'],
    [log, '', FORGED],
    [log, '', Uint8Array.of(0, 255, 13, 10)],
    // Not of a stream at all:
    [live, '', '{"id":"no headers"}'],
    [live, LINE_BREAK, '{"id":"bad live"}'],
    [live, 'NATS/1.0\r\nNats-Sequence: many\r\n\r\n', '{"id":"no offset"}'],
  ];
  for (const [subject, headers, body] of bad) {
    await raw.publish(subject, headers, body);
    await sendSurely(alice, ROOM, 'between', delivery);
  }
  await until('everyone has everything', () => delivery.complete(), { state: () => delivery.state() });
  const late = await openClient(t, cluster.gateways[1].url, { user: 'late' });
  const got = delivery.client('late');
  const { epoch } = await sendSurely(alice, ROOM, 'last', delivery);
  const subscription = late.sdk.newSubscription(ROOM, { since: { offset: 0, epoch } });
  subscription.on('publication', ({ data, offset }) => got((data as { id: string }).id, offset ?? 0));
  subscription.subscribe();
  await until('the late one has everything', () => delivery.complete(), { state: () => delivery.state() });
  assert.deepEqual(delivery.verdict(), FLAWLESS);

  await until('all are stored', async () => (await cluster.storedCount()) === 9);
  const aside = await until('four are set aside', async () => {
    const found = await rejected();
    return found.length === 4 ? found : null;
  });
  assert.deepEqual(
    aside.map(each => [each['code'], each['headers'].value().toString(), each['body'].value().toString('latin1')]),
    [
      ['unreadable', LINE_BREAK, '{"id":"bad header"}'],
      ['unreadable', '', '{"id":"bad version"}'],
      ['unreadable', '', FORGED],
      ['unreadable', '', '\0\xff\r\n'],
    ],
  );
});

test('a header that looks like the server’s own moves no message', async t => {
  const { cluster, raw, log } = await start(t, 'lookalike');
  const alice = await openClient(t, cluster.gateways[0].url);
  const seen: number[] = [];
  const subscription = await alice.subscribe(ROOM);
  subscription.on('publication', ({ offset }) => void seen.push(offset ?? 0));
  const fake =
    'NATS/1.0 404 Not Found\r\nNats-Sequence: 9000\r\nNats-Stream: OTHER\r\nNats-Subject: x.y\r\nNats-Last-Sequence: 8999\r\n\r\n';
  await raw.publish(log, fake, '{"id":"1"}');
  const { offset } = await alice.send(ROOM, 'after');
  await until('both arrived', () => seen.length === 2, { state: () => seen });
  assert.deepEqual(seen, [offset - 1, offset]);
  const page = await subscription.history({ limit: 10, since: { offset: 0, epoch: '' } });
  assert.deepEqual(
    page.publications.map(each => each.offset),
    seen,
  );
  await until('both are stored', async () => (await cluster.storedCount()) === 2);
});
