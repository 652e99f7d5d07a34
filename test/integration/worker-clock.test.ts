import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { digests } from '../../server/bus/digests.ts';
import { systemClock, type WallTime } from '../../server/time/clock.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { numbered, storeBench, streamsReady } from '../../tools/support/store-bench.ts';
import { until } from '../../tools/support/until.ts';

const backends = await startBackends({ after });
const A_DAY_MS = 86_400_000;

test('folds go on after a worker whose clock was a day ahead, also when its leases are forgotten', async t => {
  const bench = await storeBench(t, backends);
  const ahead = { ...systemClock, wallClock: () => (Date.now() + A_DAY_MS) as WallTime };
  const first = await bench.worker('ahead', {}, undefined, ahead);
  await streamsReady(first);
  await Promise.all(numbered(1, 10).map(text => bench.publish('channel:a', text)));
  const top = async () => (await digests(bench.nats, bench.names).read(0, ['channel:a'])).get('channel:a')?.value?.top;
  const viewed = async () => (await bench.documents('folds')).find(({ _id }) => _id === 'views:0')?.['at'];
  const folded = async (offset: number) => {
    const reached = async () => [await top(), await viewed()];
    const isThere = async () => (await reached()).every(at => at === offset);
    await until(`both folds have ${offset}`, isThere, { state: reached });
  };
  await folded(10);
  await first.stop();
  // As an hour without any worker does.
  assert.ok(await bench.jsm.streams.delete(`KV_${bench.names.leaseBucket}`));
  await Promise.all(numbered(11, 20).map(text => bench.publish('channel:a', text)));
  await bench.worker('right');
  await folded(20);
});
