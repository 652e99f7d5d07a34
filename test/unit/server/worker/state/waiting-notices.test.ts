import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readProgress } from '../../../../../server/membership/policy-progress.ts';
import { PolicyPosition } from '../../../../../server/worker/state/policy-position.ts';
import { storedNotice } from '../../../../../server/worker/state/stored-notice.ts';
import { WaitingNotices } from '../../../../../server/worker/state/waiting-notices.ts';
import { MemoryPolicyStore } from '../../../../support/chat/memory-policy.ts';
import { ManualClock } from '../../../../support/clocks/manual-clock.ts';

const KEY = { id: 'x', dedupe: 'y' };

/** A fold of partition 0 at offset 50, whose notices may wait for MongoDB. */
async function bench(epoch = 'first') {
  const clock = new ManualClock();
  const store: { answer: boolean | null } = { answer: null };
  const waiting = new WaitingNotices({
    isStored: async () => store.answer,
    partitionOf: room => (room === 'group:tea' ? 0 : 1),
    clock,
  });
  const policy = new MemoryPolicyStore();
  await policy.write({ partition: 0 }, { epoch, at: 50 }, 0);
  const position = new PolicyPosition(policy, partition => waiting.upTo(partition));
  await position.take(0, { epoch, at: 50 });
  const progress = async () => readProgress((await policy.read({ partition: 0 }))?.value)?.at;
  return { clock, store, waiting, position, progress };
}

test('the position of a fold stays below the first entry with a notice that waits, until the fold begins again', async () => {
  const { waiting, position, progress } = await bench();
  for (const offset of [62, 61, 63]) waiting.add({ room: 'group:tea', offset }, 'user:bob', KEY);
  waiting.add({ room: 'group:other', offset: 3 }, 'user:bob', KEY);
  assert.deepEqual(await position.save(0, { epoch: 'first', at: 70 }), { epoch: 'first', at: 70 });
  assert.equal(await progress(), 60);
  await position.write(0, { epoch: 'first', at: 80 });
  assert.equal(await progress(), 60, 'also where POLICY is filled');
  waiting.begin(0);
  await position.save(0, { epoch: 'first', at: 90 });
  assert.equal(await progress(), 90);
});

test('where POLICY has no position of the epoch the one in LAST stays below too', async () => {
  const { waiting, position, progress } = await bench('before');
  waiting.add({ room: 'group:tea', offset: 61 }, 'user:bob', KEY);
  assert.deepEqual(await position.save(0, { epoch: 'first', at: 70 }), { epoch: 'first', at: 60 });
  assert.equal(await progress(), 50);
});

test('the fold begins again once MongoDB answers, which is asked every other second', async () => {
  const { clock, store, waiting } = await bench();
  store.answer = false;
  await waiting.demandNone(0);
  store.answer = null;
  waiting.add({ room: 'group:tea', offset: 61 }, 'user:bob', KEY);
  await waiting.demandNone(0);
  store.answer = true;
  await waiting.demandNone(0);
  clock.pass(2_000);
  await assert.rejects(waiting.demandNone(0), { name: 'NoticesDue' });
  waiting.begin(0);
  clock.pass(2_000);
  await waiting.demandNone(0);
});

test('a notice that MongoDB does not have yet is found in LOG, and one that leaves LOG meanwhile in MongoDB', async () => {
  const kept = { store: false, log: true, up: true };
  const isStored = storedNotice({
    store: {
      async findSent() {
        if (!kept.up) throw new Error('away');
        return kept.store ? {} : null;
      },
    },
    log: {
      async hasKey() {
        const has = kept.log;
        if (!has) kept.store = kept.store || purged;
        return has;
      },
    },
  });
  let purged = false;
  assert.equal(await isStored('user:bob', KEY), true);
  kept.log = false;
  assert.equal(await isStored('user:bob', KEY), false);
  purged = true;
  assert.equal(await isStored('user:bob', KEY), true);
  kept.up = false;
  assert.equal(await isStored('user:bob', KEY), null);
});
