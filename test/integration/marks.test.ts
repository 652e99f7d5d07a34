import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { jetstreamManager } from '@nats-io/jetstream';
import { marksStream } from '../../server/bus/marks-stream.ts';
import { startNats } from '../../tools/local/nats.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { BUILDS } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { startCluster } from '../support/chat/local-chat.ts';
import { natsLog } from '../support/chat/nats-log.ts';
import { person } from '../support/chat/person.ts';

const backends = await startBackends({ after });
const external = !backends.mongo.controllable && 'the MongoDB of MONGODB_URI cannot be stopped from here';

test('marks read back as they were written, each key apart from all others, and a write counts only on its revision', async t => {
  const { write, read, names } = await natsLog(t, backends.nats);
  const store = marksStream(write, read, names);
  const keys = ['a', 'a.b *>%é界', 'user:a'].flatMap(user =>
    ['group:a', 'group:a.b *>%é界'].map(room => ({ user, room })),
  );
  assert.deepEqual(
    await store.read(keys),
    keys.map(() => null),
  );
  for (const [index, key] of keys.entries())
    assert.equal(await store.write(key, { read: index, delivered: 10 + index }, 0), index + 1);
  const found = await store.read([...keys, { user: 'a', room: 'group:none' }]);
  assert.deepEqual(found, [
    ...keys.map((_, index) => ({ read: index, delivered: 10 + index, revision: index + 1 })),
    null,
  ]);
  const [key = { user: '', room: '' }] = keys;
  for (const wrong of [0, 2]) assert.equal(await store.write(key, { read: 9, delivered: 99 }, wrong), null);
  assert.equal(await store.write(key, { read: 9, delivered: 99 }, 1), keys.length + 1);
  assert.equal((await (await jetstreamManager(write)).streams.info(names.marksStream)).state.messages, keys.length);
  const many = Array.from({ length: 1_000 }, (_, index) => ({ user: 'a', room: `group:${index}` }));
  assert.equal((await store.read([...many.slice(1), key])).at(-1)?.read, 9);
});

test('without the stream, and without NATS, marks fail as what may work later', async t => {
  const own = await startNats();
  t.after(() => own.close());
  const { write, read, names } = await natsLog(t, own);
  const store = marksStream(write, read, names);
  const key = { user: 'a', room: 'group:a' };
  await (await jetstreamManager(write)).streams.delete(names.marksStream);
  await assert.rejects(store.read([key]), { name: 'ReadFailed' });
  await assert.rejects(store.write(key, { read: 1, delivered: 1 }, 0), { name: 'PublishFailed' });
  await own.kill();
  await assert.rejects(store.read([key]), { name: 'ReadFailed' });
  await assert.rejects(store.write(key, { read: 1, delivered: 1 }, 0), { name: 'PublishFailed' });
});

for (const build of BUILDS)
  test(`${build}: 50 sends beside 50 marks of two devices: the mark is the highest that was given, on every gateway`, async t => {
    const cluster = await startCluster(t, backends);
    const [first, second] = cluster.gateways;
    const ann = await person(t, first.url, 'ann', { build });
    const devices = [
      await person(t, first.url, 'bob', { build }),
      await person(t, second.url, 'bob', { build }),
    ] as const;
    const { room } = await ann.act('room.create', { kind: 'group', members: ['bob'] });
    const read = async (sent: number) => {
      const { offset } = await ann.act('message.send', { room, text: `m${sent}` });
      const { applied } = await devices[sent % 2 === 0 ? 0 : 1].act('receipt.mark', {
        marks: [{ room, read: offset }],
      });
      return { offset, applied };
    };
    const all = await Promise.all(Array.from({ length: 50 }, (_, sent) => read(sent)));
    const highest = Math.max(...all.map(({ offset }) => offset));
    assert.deepEqual(all.find(({ offset }) => offset === highest)?.applied, [true]);
    for (const device of devices) {
      const late = await device.act('receipt.mark', {
        marks: [
          { room, read: highest },
          { room, read: 1, delivered: 2 },
        ],
      });
      assert.deepEqual(late.applied, [false, false]);
    }
    await assert.rejects(ann.act('receipt.mark', { marks: [{ room, read: highest + 1_000 }] }), { code: 107 });
    const eve = await person(t, second.url, 'eve', { build });
    await assert.rejects(eve.act('receipt.mark', { marks: [{ room, read: 1 }] }), { code: 103 });
  });

for (const build of BUILDS)
  test(`${build}: a mark comes to the user's other device and to the others of a small room, on other gateways`, async t => {
    const cluster = await startCluster(t, backends);
    const [first, second] = cluster.gateways;
    const ann = await person(t, second.url, 'ann', { build });
    const bob = await person(t, first.url, 'bob', { build });
    const device = await person(t, second.url, 'bob', { build });
    const { room } = await ann.act('room.create', { kind: 'group', members: ['bob'] });
    const receipts: unknown[] = [];
    const marks: unknown[] = [];
    const seen = ann.sdk.newSubscription(room);
    seen.on('publication', ({ data, tags }) => tags?.['type'] === 'receipt' && receipts.push(ann.value(data)));
    device.sdk.on('message', ({ data }) => marks.push(device.value(data)));
    const isSubscribed = new Promise(resolve => seen.on('subscribed', resolve));
    seen.subscribe();
    await isSubscribed;
    await device.connected();
    // Gateways hear of each other's subscribers a moment later: the first events may be lost.
    await until('both have heard of a mark', async () => {
      const { offset } = await ann.act('message.send', { room, text: 'Hi' });
      await bob.act('receipt.mark', { marks: [{ room, read: offset }] });
      return receipts.length > 0 && marks.length > 0;
    });
    const { offset } = await ann.act('message.send', { room, text: 'Hi' });
    await bob.act('receipt.mark', { marks: [{ room, read: offset }] });
    const mark = { read: offset, delivered: offset };
    const last = () => [receipts.at(-1), marks.at(-1)];
    const expected = [
      { type: 'receipt', user: 'bob', ...mark },
      { type: 'mark', room, ...mark },
    ];
    await until('both have the last one', () => isDeepStrictEqual(last(), expected), { ms: 60_000, state: last });
    assert.deepEqual(await ann.act('receipt.who', { room, target: offset }), { read: ['bob'], delivered: [] });
    const [listed] = (await bob.act('room.list', {})).items;
    assert.deepEqual([listed?.read, listed?.delivered], [offset, offset]);
  });

test('while MongoDB is away marks are stored', { skip: external }, async t => {
  const cluster = await startCluster(t, backends);
  const [first] = cluster.gateways;
  const ann = await person(t, first.url, 'ann');
  const { room } = await ann.act('room.create', { kind: 'group', members: [] });
  const { offset } = await ann.act('message.send', { room, text: 'Hi' });
  await until('POLICY is complete', async () => await cluster.policyComplete());
  await backends.mongo.stop();
  t.after(() => backends.mongo.start());
  assert.deepEqual((await ann.act('receipt.mark', { marks: [{ room, read: offset }] })).applied, [true]);
  assert.deepEqual((await ann.act('receipt.mark', { marks: [{ room, read: offset }] })).applied, [false]);
});
