import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { MongoClient } from 'mongodb';
import { names } from '../../server/bus/names.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { Delivery, FLAWLESS } from '../../tools/support/delivery.ts';
import { BUILDS, openClient, record, sendSurely } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { baseVersion } from '../skew/base-version.ts';
import { MixedChat, type Process } from '../skew/mixed-chat.ts';
import { type Link, startLink } from '../support/chat/link.ts';

const backends = await startBackends({ after });
const NEW = join(import.meta.dirname, '../..');
const BASE = await baseVersion();

/** Rooms of two partitions. */
const ROOMS = ['channel:a', 'channel:b', 'channel:c'];
/** Workers look at the streams every 10 s. */
const TWO_CHECKS_MS = 22_000;

/** A reader of each build in every room and a writer, behind a link that leads to a gateway. */
async function clientsOf(t: TestContext, name: string, gateway: Process, deliveries: readonly Delivery[]) {
  const link = await startLink(t, gateway.port);
  for (const build of BUILDS) {
    const reader = await openClient(t, link.url, { build, user: `${name}-${build}` });
    for (const [index, room] of ROOMS.entries())
      await record(reader, `${name}-${build}`, room, deliveries[index] as Delivery);
  }
  return { link, writer: await openClient(t, link.url, { user: `${name}-writer` }) };
}

test('gateways and workers of this version and of the one before serve one chat together', async t => {
  const chat = new MixedChat(t, backends);
  let oldWorker = await chat.worker(BASE, 'old-worker', 1);
  const oldGateway = await chat.gateway(BASE, 'old-gateway');
  const newGateway = await chat.gateway(NEW, 'new-gateway');
  const deliveries = ROOMS.map(() => new Delivery());
  const before = await clientsOf(t, 'old', oldGateway, deliveries);
  const since = await clientsOf(t, 'new', newGateway, deliveries);

  let sending = true;
  t.after(() => {
    sending = false;
  });
  const sent = Promise.all(
    [before, since].flatMap(({ writer }) =>
      ROOMS.map(async (room, index) => {
        for (let i = 0; sending; i++) await sendSurely(writer, room, `${i}`, deliveries[index] as Delivery);
      }),
    ),
  );
  sent.catch(() => undefined); // when the test has failed before
  /** Waits until messages have come to everybody since. */
  const flow = async () => {
    const counts = deliveries.map(delivery => delivery.received('old-json').length);
    await until('messages flow', () => {
      chat.assertRunning();
      return deliveries.every((delivery, index) => delivery.received('old-json').length > (counts[index] ?? 0) + 20);
    });
  };
  const move = async ({ link }: { readonly link: Link }, to: Process) => {
    link.target(to.port);
    link.cut();
    await flow();
  };
  await flow();

  // A worker of this version joins: both keep the streams, and neither undoes what the other did.
  const newWorker = await chat.worker(NEW, 'new-worker', 2);
  const changes = await chat.streamChanges();
  const bothSince = performance.now();
  await move(before, newGateway);
  await move(since, oldGateway);
  await until('both have looked at the streams twice more', () => performance.now() - bothSince > TWO_CHECKS_MS, {
    ms: 2 * TWO_CHECKS_MS,
  });
  assert.equal(await chat.streamChanges(), changes, 'the versions rewrite the streams of each other');

  // The rollout comes to its end, is taken back, and ends for good; some end without a word.
  await chat.stop(oldWorker, 'kill');
  await flow();
  oldWorker = await chat.worker(BASE, 'old-worker', 1);
  await chat.stop(newWorker, 'kill');
  await flow();
  await chat.worker(NEW, 'new-worker', 2);
  await chat.stop(oldWorker);
  await move(since, newGateway);
  await chat.stop(oldGateway);
  await flow();

  sending = false;
  await sent;
  for (const delivery of deliveries) {
    await until('everyone has everything', () => delivery.complete(), { state: () => delivery.state() });
    assert.deepEqual(delivery.verdict(), FLAWLESS);
  }
  await everythingStored(t, chat, deliveries);
});

/** Waits until MongoDB has each message once, at the offset that clients were told. */
async function everythingStored(t: TestContext, chat: MixedChat, deliveries: readonly Delivery[]): Promise<void> {
  const mongo = new MongoClient(backends.mongo.uri);
  t.after(() => mongo.close());
  const messages = mongo.db(names(chat.instance).database).collection('messages');
  for (const [index, room] of ROOMS.entries()) {
    const received = (deliveries[index] as Delivery).received('new-json').map(({ offset }) => offset);
    await until(`${room} is stored`, async () => (await messages.countDocuments({ room })) >= received.length);
    const stored = await messages.find({ room }).sort({ offset: 1 }).toArray();
    assert.deepEqual(
      stored.map(({ offset }) => offset),
      received,
    );
  }
}
