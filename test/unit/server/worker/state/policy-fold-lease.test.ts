import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldControl } from '../../../../../server/fold/control-fold.ts';
import { NO_ROOM } from '../../../../../server/fold/room-state.ts';
import { controlOf } from '../../../../../server/room/control-lane.ts';
import type { PolicyFold } from '../../../../../server/worker/state/policy-fold.ts';
import { publishControl, publishSeen } from '../../../../support/chat/control-entries.ts';
import { created } from '../../../../support/chat/control-log.ts';
import { type Act, policyFoldBench, ROOM } from '../../../../support/chat/policy-fold-bench.ts';

/** Two workers, of which the first has folded version 1 and the second what came after it. */
async function twoWorkers() {
  const bench = await policyFoldBench();
  const { log, run, make, entries } = bench;
  const [first, second] = [make(), make()];
  const fold = async (by: PolicyFold) => {
    by.begin(0);
    await run(by);
  };
  const act = created({ ann: 'owner', bob: 'member', eve: 'member', dan: 'member' }) as Act;
  await publishControl(log, ROOM, 1, act);
  await fold(first);
  await publishControl(log, ROOM, 2, { act: 'kick', user: 'bob' });
  await publishControl(log, ROOM, 3, { act: 'kick', user: 'eve' });
  await fold(second);
  const inLog = async () => (await entries()).flatMap(each => controlOf(each) ?? []).reduce(foldControl, NO_ROOM);
  return { ...bench, first, fold, inLog };
}

test('a worker that gets a partition back goes on from what others have folded', async () => {
  const { log, first, fold, inLog, state } = await twoWorkers();
  await publishControl(log, ROOM, 4, { act: 'kick', user: 'dan' });
  await fold(first);
  const { cv, members } = await inLog();
  assert.deepEqual([cv, [...members.keys()]], [4, ['ann']]);
  assert.equal((await state())?.cv, 4);
});

test('a worker that gets a partition back knows whose entries do not count', async () => {
  const { log, first, entries, withoutBodies } = await twoWorkers();
  const { offset } = await publishSeen(log, ROOM, 'bob', 1);
  first.begin(0);
  const batch = withoutBodies((await entries()).filter(each => each.offset === offset));
  assert.deepEqual([...(await first.apply(0, batch))], [offset]);
});

test('a batch of the time before the partition began again leaves no state behind', async () => {
  const { log, first, fold, make, policy, entries, withoutBodies } = await twoWorkers();
  const only = async (offset: number) => withoutBodies((await entries()).filter(each => each.offset === offset));
  const kick = (await entries()).find(({ cv }) => cv === 3)?.offset ?? 0;
  const [asked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const read = policy.read.bind(policy);
  policy.read = async key => {
    const found = await read(key);
    asked.resolve();
    await answer.promise;
    return found;
  };
  first.begin(0);
  const underway = first.apply(0, await only(kick));
  await asked.promise;
  policy.read = read;
  first.begin(0);
  await publishControl(log, ROOM, 4, { act: 'kick', user: 'dan' });
  await fold(make());
  answer.resolve();
  await underway;
  const { offset } = await publishSeen(log, ROOM, 'dan', 3);
  assert.deepEqual([...(await first.apply(0, await only(offset)))], [offset]);
});
