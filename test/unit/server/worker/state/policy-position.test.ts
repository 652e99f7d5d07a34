import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readProgress } from '../../../../../server/membership/policy-progress.ts';
import { PolicyPosition } from '../../../../../server/worker/state/policy-position.ts';
import { MemoryPolicyStore } from '../../../../support/chat/memory-policy.ts';

const at = (offset: number) => ({ epoch: 'first', at: offset });
const moved = { name: 'PolicyMoved' };

/** A holder of the lease whose partition is in POLICY up to offset 50. */
async function bench() {
  const policy = new MemoryPolicyStore();
  const position = new PolicyPosition(policy);
  /** The bucket loses what was written since an offset. */
  const rollBack = async (offset: number) => {
    policy.wipe();
    await policy.write({ partition: 0 }, at(offset), 0);
  };
  await rollBack(50);
  await position.take(0, at(50));
  const progress = async () => readProgress((await policy.read({ partition: 0 }))?.value);
  return { policy, position, rollBack, progress };
}

test('a progress rises with the fold, in its epoch', async () => {
  const { position, progress } = await bench();
  await position.save(0, at(70));
  await position.save(0, at(60));
  await position.save(0, { epoch: 'second', at: 1_000 });
  assert.deepEqual([await progress(), position.known(0)], [at(70), at(70)]);
});

test('a progress is not written over a bucket that has lost writes, until the fold has begun again', async () => {
  const { position, rollBack, progress } = await bench();
  await position.save(0, at(70));
  await rollBack(50);
  await assert.rejects(position.save(0, at(80)), moved);
  await assert.rejects(position.save(0, at(90)), moved);
  assert.deepEqual(await position.read(0), at(50));
  await position.take(0, at(50));
  await position.save(0, at(80));
  assert.deepEqual(await progress(), at(80));
});

test('a loss is found although others have read the position since, such as purges', async () => {
  const { position, rollBack, progress } = await bench();
  await position.save(0, at(70));
  await rollBack(60);
  assert.deepEqual(await position.read(0), at(60));
  await assert.rejects(position.save(0, at(80)), moved);
  assert.deepEqual(await progress(), at(60));
});

test('a loss between the read of the position and the begin of the fold is found', async () => {
  const { position, rollBack } = await bench();
  await position.save(0, at(70));
  const from = await position.read(0);
  await rollBack(60);
  await assert.rejects(position.take(0, from), moved);
  await assert.rejects(position.save(0, at(80)), moved);
});
