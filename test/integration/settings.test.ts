import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { BUILDS, nextId } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { startCluster } from '../support/chat/local-chat.ts';
import { person } from '../support/chat/person.ts';

const backends = await startBackends({ after });
const external = !backends.mongo.controllable && 'the MongoDB of MONGODB_URI cannot be stopped from here';

for (const build of BUILDS)
  test(`${build}: the gateway of a change is killed as soon as it is stored: it counts, everywhere, and once`, async t => {
    const cluster = await startCluster(t, backends);
    const [first, second] = cluster.gateways;
    const third = await cluster.spawnGateway();
    const ann = await person(t, third.url, 'ann', { build });
    const device = await person(t, first.url, 'ann', { build });
    const bob = await person(t, second.url, 'bob', { build });
    const heard: unknown[] = [];
    device.sdk.on('publication', ({ channel, data, tags }) => {
      if (channel !== 'user:ann' || tags?.['type'] !== 'me') return;
      void third.process.kill();
      heard.push((device.value(data) as { readonly privacy?: unknown }).privacy);
    });
    await device.connected();
    assert.equal((await bob.act('settings.get', {})).privacy.add, 'everyone');
    const act = { id: nextId(), privacy: { add: 'nobody' } } as const;
    const answer = ann.act('settings.set', act).catch(() => null);
    await until('the other device hears of it', () => heard.length > 0);
    await answer;
    await until('the gateway is gone', () => !third.process.running());

    await until('POLICY has it', async () => (await cluster.settings('ann'))?.['add']?.value === 'nobody');
    const stored = () => cluster.collection('users').findOne({ _id: 'ann' as never });
    await until('MongoDB has it', async () => (await stored())?.['settings']?.add.value === 'nobody', {
      state: stored,
    });
    const { room, users } = await bob.act('room.create', { kind: 'group', members: ['ann'] });
    assert.deepEqual(users, { ann: 'refused' });
    assert.deepEqual((await bob.act('room.add', { room, users: ['ann'] })).users, { ann: 'refused' });
    // Of what was not answered the user learns by the same id that it was done.
    const again = await device.act('settings.set', act);
    assert.deepEqual([again.duplicate, again.privacy.add], [true, 'nobody']);
    await device.act('settings.set', { privacy: { add: 'everyone' } });
    assert.deepEqual((await bob.act('room.add', { room, users: ['ann'] })).users, { ann: 'added' });
    await until('the device hears of the second change', () => heard.length === 2);
    assert.deepEqual(heard, [{ add: 'nobody' }, { add: 'everyone' }]);
  });

test('while MongoDB is away settings change and are heeded', { skip: external }, async t => {
  const cluster = await startCluster(t, backends);
  const [first, second] = cluster.gateways;
  const ann = await person(t, first.url, 'ann');
  const bob = await person(t, second.url, 'bob');
  await until('POLICY is complete', async () => await cluster.policyComplete());
  await backends.mongo.stop();
  t.after(() => backends.mongo.start());
  await ann.act('settings.set', { privacy: { add: 'nobody', receipts: 'off' } });
  assert.deepEqual((await bob.act('room.create', { kind: 'group', members: ['ann'] })).users, { ann: 'refused' });
  await cluster.restartGateways();
  const again = await person(t, cluster.gateways[1].url, 'ann');
  assert.equal((await again.act('settings.get', {})).privacy.receipts, 'off');
  await backends.mongo.start();
  const stored = () => cluster.collection('users').findOne({ _id: 'ann' as never });
  await until('MongoDB has it', async () => (await stored())?.['settings']?.receipts.value === 'off', {
    state: stored,
  });
});

test('settings that MongoDB alone has are heeded while POLICY is wiped, and POLICY has them again afterwards', async t => {
  // Stored entries leave LOG as soon as they may.
  const env = { CHAT_HOT_WINDOW_SECONDS: '0', CHAT_DEDUPE_SECONDS: '10', CHAT_PURGE_SECONDS: '1' };
  const cluster = await startCluster(t, backends, { env });
  const ann = await person(t, cluster.gateways[0].url, 'ann');
  await ann.act('settings.set', { privacy: { add: 'nobody' } });
  const at = (await cluster.settings('ann'))?.['add']?.at ?? assert.fail();
  const stored = () => cluster.collection('users').findOne({ _id: 'ann' as never });
  await until('MongoDB has it', async () => (await stored())?.['settings']?.add.at === at, { state: stored });
  await until('LOG lacks it', async () => {
    await ann.act('status.set', { text: 'here' });
    return (await cluster.firstOffset('user:ann')) > at;
  });
  await until('POLICY is complete', async () => await cluster.policyComplete());
  await cluster.wipePolicy();
  await cluster.restartGateways();
  const eve = await person(t, cluster.gateways[1].url, 'eve');
  assert.deepEqual((await eve.act('room.create', { kind: 'group', members: ['ann'] })).users, { ann: 'refused' });
  await until('POLICY is complete again', async () => await cluster.policyComplete());
  assert.equal((await cluster.settings('ann'))?.['add']?.at, at);
});
