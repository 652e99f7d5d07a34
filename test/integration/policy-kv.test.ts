import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { policyKv } from '../../server/bus/policy-kv.ts';
import { policyRooms } from '../../server/bus/policy-rooms.ts';
import { startNats } from '../../tools/local/nats.ts';
import { startNatsCluster } from '../../tools/local/nats-cluster.ts';
import { until } from '../../tools/support/until.ts';
import { natsLog } from '../support/chat/nats-log.ts';
import { policyContract } from '../support/chat/policy-contract.ts';

const nats = await startNats();
after(() => nats.close());

policyContract('over NATS', async t => {
  const { write, names } = await natsLog(t, nats);
  return policyKv(write, names);
});

test('the client library of NATS reads the bucket, and a key that an administrator removed can be written again', async t => {
  const { write, names } = await natsLog(t, nats);
  const policy = policyKv(write, names);
  const key = { user: 'alice' };
  await policy.write(key, { rooms: {} }, 0);
  const bucket = await new Kvm(jetstream(write)).open(names.policyBucket);
  assert.equal((await bucket.get('u.alice'))?.string(), '{"rooms":{}}');
  await bucket.delete('u.alice');
  assert.equal(await policy.read(key), null);
  assert.equal(await policy.write(key, { rooms: {} }, 0), true);
  assert.deepEqual((await policy.read(key))?.value, { rooms: {} });
});

test('all rooms are listed, and nothing else', async t => {
  const { write, names } = await natsLog(t, nats);
  const policy = policyKv(write, names);
  const jsm = await jetstreamManager(write);
  const listed = async () => {
    const rooms: string[] = [];
    await policyRooms(write, jsm, names, async page => void rooms.push(...page));
    return rooms.sort();
  };
  assert.deepEqual(await listed(), []);
  await policy.write({ room: 'group:a.b *>%é界' }, {}, 0);
  for (const key of [{ room: 'group:b' }, { user: 'r' }, { settings: 'r' }, { partition: 1 }] as const)
    await policy.write(key, {}, 0);
  assert.deepEqual(await listed(), ['group:a.b *>%é界', 'group:b']);
});

test('without the bucket, and without NATS, reads and writes fail as what may work later', async t => {
  const own = await startNats();
  t.after(() => own.close());
  const { write, names } = await natsLog(t, own);
  const policy = policyKv(write, names);
  await (await jetstreamManager(write)).streams.delete(`KV_${names.policyBucket}`);
  await assert.rejects(policy.read({ user: 'alice' }), { name: 'ReadFailed' });
  await assert.rejects(policy.write({ user: 'alice' }, {}, 0), { name: 'PublishFailed' });
  await own.kill();
  await assert.rejects(policy.read({ user: 'alice' }), { name: 'ReadFailed' });
  await assert.rejects(policy.write({ user: 'alice' }, {}, 0), { name: 'PublishFailed' });
});

test('three servers: every read has what was written before it, while the leader of the bucket ends', async t => {
  const three = await startNatsCluster();
  t.after(() => three.close());
  const { write, read, names } = await natsLog(t, three, { CHAT_STREAM_REPLICAS: '3' });
  const [writer, reader] = [policyKv(write, names), policyKv(read, names)];
  const jsm = await jetstreamManager(write, { checkAPI: false });
  const leader = () =>
    until('the bucket has a leader', async () => {
      const info = await jsm.streams.info(`KV_${names.policyBucket}`).catch(() => null);
      return info?.cluster?.leader ? three.member(info.cluster.leader) : null;
    });
  const first = await leader();
  const key = { room: 'group:a' };
  let revision = 0;
  for (let value = 1; value <= 100; value++) {
    if (value === 50) void first.kill();
    await until(`${value} is written`, async () => {
      const written = await writer.write(key, value, revision).catch(() => null);
      const found = await reader.read(key).catch(() => null);
      // A write that was not confirmed may have happened; one that was is there.
      if (found?.value !== value) return assert.notEqual(written && found !== null, true);
      revision = found.revision;
      return true;
    });
  }
});
