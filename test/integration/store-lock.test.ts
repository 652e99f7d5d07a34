import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { jetstream } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { connectNats } from '../../server/bus/connect.ts';
import { Copies } from '../../server/bus/copies.ts';
import { LockLost, withLock } from '../../server/bus/stream-lock.ts';
import { systemClock } from '../../server/time/clock.ts';
import { startNats } from '../../tools/local/nats.ts';
import { until } from '../../tools/support/until.ts';

const nats = await startNats();
after(() => nats.close());
const connections = await Promise.all(
  ['a', 'b'].map(role => connectNats({ natsUrl: nats.url, natsUser: '', natsPassword: '' }, role)),
);
after(async () => {
  for (const connection of connections) await connection.close();
});
const [one, two] = connections;
assert.ok(one && two);
const options = (bucket: string, waitMs = 10_000) => ({
  bucket,
  copies: new Copies(1, systemClock.now, () => undefined),
  holder: 'test',
  waitMs,
});

test('work under the lock never overlaps, whoever asks', async () => {
  let inside = 0;
  let most = 0;
  let done = 0;
  const work = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await two.flush();
    inside -= 1;
    done += 1;
  };
  await Promise.all([one, two, one, two].map(connection => withLock(connection, options('overlap', 30_000), work)));
  assert.deepEqual([most, done], [1, 4]);
});

test('a lock is free again after work that failed', async () => {
  await assert.rejects(
    withLock(one, options('failure'), async () => {
      throw new Error('no');
    }),
    /no/,
  );
  assert.equal(await withLock(two, options('failure', 0), async () => 'mine'), 'mine');
});

test('who does not get the lock in time is told so', async () => {
  await withLock(one, options('held'), async () => {
    await assert.rejects(
      withLock(two, options('held', 0), async () => assert.fail('two holders')),
      LockLost,
    );
  });
});

test('a holder whose lock was taken over stops before its next change', async () => {
  const bucket = await new Kvm(jetstream(two)).create('taken', { ttl: 15_000 });
  await withLock(one, options('taken'), async lock => {
    lock.check();
    await bucket.put('streams', 'somebody else');
    await until('the holder knows', () => {
      try {
        lock.check();
        return false;
      } catch (error) {
        return error instanceof LockLost;
      }
    });
  });
  assert.equal((await bucket.get('streams'))?.string(), 'somebody else', 'it does not free what is not its own');
});

test('the lock of a process that died is free after a while', async () => {
  const bucket = await new Kvm(jetstream(one)).create('dead', { ttl: 15_000, history: 1 });
  await bucket.create('streams', 'dead');
  assert.equal(await withLock(two, options('dead', 30_000), async () => 'mine'), 'mine');
});
