import assert from 'node:assert/strict';
import { after, describe, type TestContext, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { until } from '../../tools/support/until.ts';
import { viewsBench } from '../support/chat/views-bench.ts';

const backends = await startBackends({ after });
const STEPS = [
  'read',
  ...['apply', 'note', 'save', 'erase', 'drop'].flatMap(step => [`before ${step}`, `after ${step}`]),
];

const foldBench = (t: TestContext) => viewsBench(t, backends);

/** Publishes a message that stays, and one that is edited and deleted. */
async function someActs({ publish }: Pick<Awaited<ReturnType<typeof foldBench>>, 'publish'>, name: string) {
  const target = await publish({ type: 'message', id: `${name}1`, text: `${name} stays`, time: 1 });
  const about = { target, of: `${name}1` };
  const gone = await publish({ type: 'message', id: `${name}2`, text: 'secret', time: 2 });
  await publish({ type: 'edit', ...about, text: `${name} edited` });
  await publish({ type: 'edit', target: gone, of: `${name}2`, text: 'secret too' });
  await publish({ type: 'reaction', ...about, user: 'eve', emoji: '👍', on: true });
  await publish({ type: 'delete', targets: [{ target: gone, of: `${name}2` }] });
  await publish({ type: 'edit', target: gone, of: `${name}2`, text: 'secret again' });
}

describe('fold of the views', { concurrency: 4 }, () => {
  for (const killed of STEPS)
    test(`a worker that is killed at every "${killed}" is replaced: the same messages, and deleted texts are gone`, async t => {
      const bench = await foldBench(t);
      const { names, steps, hold, folded, reached, textsIn } = bench;
      await someActs(bench, 'a');
      let kills = 0;
      let kill: () => void = () => undefined;
      steps.at = step => {
        if (step !== killed || kills >= 4) return;
        kills += 1;
        kill();
        kill = hold();
        throw new Error('killed');
      };
      kill = hold();
      assert.deepEqual(await reached(), folded());
      await someActs(bench, 'b');
      assert.deepEqual(await reached(), folded());
      assert.doesNotMatch(JSON.stringify(await bench.documents('messages')), /secret/);
      const streams = [names.logStream(0), names.liveStream(0)];
      const texts = async () => (await Promise.all(streams.map(textsIn))).join('\n');
      await until('everything is erased', async () => !(await texts()).includes('secret'));
      await until('nothing is listed', async () => (await bench.store.readErasures(0, 1)).length === 0);
      assert.ok(kills > 0, 'nobody was killed');
      for (const stream of streams) assert.match(await textsIn(stream), /a stays/);
    });

  test('a deleted text stays in the streams until its id is forgotten, whoever holds the lease then', async t => {
    const bench = await foldBench(t);
    const { names, forgotten, hold, reached, store } = bench;
    const text = () => bench.textsIn(names.logStream(0));
    forgotten.before = 0;
    const end = hold();
    await someActs(bench, 'a');
    await reached();
    const listed = async () => (await store.readErasures(0, 100)).map(({ offset }) => offset);
    await until('all are listed', async () => (await listed()).length === 3);
    end();
    await someActs(bench, 'b');
    hold();
    await reached();
    assert.match(await text(), /secret/);
    forgotten.before = Number.POSITIVE_INFINITY;
    await until('it is erased', async () => !(await text()).includes('secret'));
    await until('nothing is listed', async () => (await listed()).length === 0);
  });

  test('views that are dropped, or rolled back with MongoDB, are made again while entries come', async t => {
    const bench = await foldBench(t);
    const { hold, folded, reached, collection } = bench;
    hold();
    await someActs(bench, 'a');
    await reached();
    const before = await bench.documents('folds');
    await someActs(bench, 'b');
    await reached();
    // The position last: a fold that finds it gone begins at once, and what it makes again would go too.
    for (const name of ['reactions', 'folds']) await collection(name).deleteMany({});
    await someActs(bench, 'c');
    assert.deepEqual(await reached(), folded());
    // A backup of MongoDB from after the first acts.
    await collection('reactions').deleteMany({});
    const fields = { rev: '', text: '', edits: '', rx: '', rxAt: '' };
    await collection('messages').updateMany({ offset: { $gt: 7 }, deleted: null }, { $unset: fields });
    for (const each of before) await collection('folds').replaceOne({ _id: each['_id'] }, each);
    await someActs(bench, 'd');
    assert.deepEqual(
      (await reached()).map(message => ({ ...message, reactions: message.reactions.length })),
      folded().map(message => ({ ...message, reactions: message.reactions.length })),
    );
  });

  test('entries that LOG does not have any more are applied from MongoDB, by workers that are killed at every step', async t => {
    const bench = await foldBench(t);
    const { names, publish, steps, hold, folded, reached, purge, textsIn } = bench;
    await someActs(bench, 'a');
    const target = await publish({ type: 'message', id: 'm', text: 'first', time: 1 });
    const about = { target, of: 'm' };
    // More than two pages; each edit counts only upon the one before.
    for (let rev = target, count = 0; count < 450; count++) {
      if (count % 3 === 0)
        await publish({ type: 'reaction', ...about, user: `u${count % 7}`, emoji: '👍', on: count % 2 > 0 });
      rev = await publish({ type: 'edit', ...about, text: `edit ${count}`, rev });
    }
    await someActs(bench, 'b');
    await purge();
    const seen = new Map<string, number>();
    let kill: () => void = () => undefined;
    steps.at = step => {
      const times = (seen.get(step) ?? 0) + 1;
      seen.set(step, times);
      if (times % 2 > 0 || times > 6) return;
      kill();
      kill = hold();
      throw new Error('killed');
    };
    kill = hold();
    assert.deepEqual(await reached(), folded());
    assert.ok((seen.get('after page') ?? 0) > 3, 'pages were read');
    await someActs(bench, 'c');
    assert.deepEqual(await reached(), folded());
    const text = () => textsIn(names.liveStream(0));
    await until('everything is erased', async () => !(await text()).includes('secret'));
    for (const place of [await text(), JSON.stringify(await bench.documents('messages'))]) {
      assert.match(place, /a stays/);
      assert.doesNotMatch(place, /secret/);
    }
  });

  test('views that are dropped after LOG was purged are made again from MongoDB, with all votes', async t => {
    const bench = await foldBench(t);
    const { names, jsm, publish, steps, hold, folded, reached, purge, collection } = bench;
    hold();
    await someActs(bench, 'a');
    await someActs(bench, 'b');
    await reached();
    await purge();
    await jsm.streams.purge(names.liveStream(0));
    const noted: string[] = [];
    steps.at = step => void (step === 'before note' && noted.push(step));
    const before = await bench.documents('reactions');
    assert.ok(before.length > 0);
    for (const name of ['reactions', 'folds']) await collection(name).deleteMany({});
    const { length } = before;
    await until('the votes are there', async () => (await bench.documents('reactions')).length === length);
    assert.deepEqual(await reached(), folded());
    assert.deepEqual(noted, [], 'the streams have nothing to erase');
    // A new vote counts beside those that LOG does not have.
    await publish({ type: 'reaction', target: 1, of: 'a1', user: 'bob', emoji: '👍', on: true });
    assert.deepEqual(await reached(), folded());
  });
});
