import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { until } from '../../tools/support/until.ts';
import { VIEWS_ROOM, viewsBench } from '../support/chat/views-bench.ts';

const backends = await startBackends({ after });

test('messages that workers of an earlier release stored and deleted are marked, by workers that are killed', async t => {
  const bench = await viewsBench(t, backends);
  const { counting, store, steps, collection, publish, folded, reached } = bench;
  counting.all = false;
  const messages: number[] = [];
  for (let sent = 0; sent < 30; sent++)
    messages.push(await publish({ type: 'message', id: `m${sent}`, text: 'old', time: 1 }));
  await publish({ type: 'delete', targets: [{ target: messages[7] ?? 0, of: 'm7' }] });
  const countable = async () =>
    (await store.counts.countable(VIEWS_ROOM, { after: 0, before: Number.POSITIVE_INFINITY, limit: 5_000 })).map(
      ({ offset }) => offset,
    );
  const expected = () => folded().flatMap(({ offset, deleted }) => (deleted > 0 ? [] : [offset]));
  bench.hold()();
  let end = bench.hold();
  await reached();
  assert.equal(await store.counts.countedUpTo(0), 0, 'nothing is counted beside an earlier release');
  // It neither marked what it stored nor took the mark from what it deleted.
  await collection('messages').updateMany({}, { $unset: { c: '' } });
  await collection('messages').updateMany({ offset: messages[7] }, { $set: { c: 1 } });
  counting.all = true;
  let saves = 0;
  steps.at = step => {
    if (step !== 'before save' || ++saves % 2 > 0 || saves > 6) return;
    end();
    end = bench.hold();
    throw new Error('killed');
  };
  const at = (await store.readPosition(0))?.at ?? 0;
  await until('all are marked', async () => (await store.counts.countedUpTo(0)) === at);
  assert.deepEqual((await countable()).reverse(), expected());
  await publish({ type: 'delete', targets: [{ target: messages[9] ?? 0, of: 'm9' }] });
  await publish({ type: 'message', id: 'new', text: 'new', time: 1 });
  await reached();
  assert.deepEqual((await countable()).reverse(), expected());
  assert.equal(await store.counts.countedUpTo(0), (await store.readPosition(0))?.at);
  // A worker of the earlier release moves the position alone.
  end();
  const { lease } = (await collection('folds').findOne({ _id: 'views:0' as never })) as unknown as { lease: number };
  await collection('folds').updateOne({ _id: 'views:0' as never }, { $set: { lease: lease + 1 } });
  assert.equal(await store.counts.countedUpTo(0), 0);
});
