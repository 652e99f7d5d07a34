import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Digest } from '../../../../../server/bus/last-entry.ts';
import { DirectRooms } from '../../../../../server/worker/state/direct-rooms.ts';
import { Notices } from '../../../../../server/worker/state/notices.ts';
import { publishControl, publishSeen } from '../../../../support/chat/control-entries.ts';
import { created } from '../../../../support/chat/control-log.ts';
import { type Act, policyFoldBench } from '../../../../support/chat/policy-fold-bench.ts';
import { ENTRY_EXAMPLES, shapeOf } from '../../../../support/docs/entry-examples.ts';

const DM = 'dm:ann-and-bob';
const CREATE = { ...created({ ann: 'member', bob: 'member' }), kind: 'dm' } as Act;

/** A worker that has folded the room of ann and bob into POLICY, and tells them. */
async function directBench(create: Act = CREATE) {
  const bench = await policyFoldBench();
  bench.rooms.push(DM);
  const { log, policy, clock, writes } = bench;
  await publishControl(log, DM, 1, create);
  await bench.run();
  /** Answer of MongoDB about a notice; null while it is away. */
  const stored: { answer: boolean | null; asked: number; waiting: string[] } = {
    answer: false,
    asked: 0,
    waiting: [],
  };
  const killed = { next: false };
  const kill = () => {
    killed.next = true;
  };
  const notices = new Notices({
    log: {
      async publish(room, body, envelope) {
        await log.publish(room, body, envelope);
        if (!killed.next) return;
        killed.next = false;
        throw new Error('killed');
      },
    },
    isStored: async () => {
      stored.asked += 1;
      return stored.answer;
    },
    waits: ({ room, offset }) => void stored.waiting.push(`${room} ${offset}`),
    writes,
    logTime: async () => ({ now: clock.wallClock(), windowMs: 120_000 }),
  });
  const archive = { room: async () => null };
  const direct = new DirectRooms({ policy, archive, log: { controls: async () => [] }, notices });
  /**
   * Tells of everything that the room has, stored just now.
   * @param countable what LAST says; undefined if it has nothing
   * @param after offset that the batch begins above. Default: that of the entry that made the room
   */
  const tell = async (countable?: number, isCounted = true, after = 1) => {
    const found = bench.withoutBodies((await log.readAfter(DM, after, 100)).messages);
    const storedAt = clock.wallClock() * 1_000;
    const entries = found.map(each => ({ ...each, message: each.message && { ...each.message, storedAt } }));
    const digest: Digest = { top: 1, deletions: [], ...(countable === undefined ? {} : { countable }) };
    const digests = new Map(countable === undefined ? [] : [[DM, { revision: 1, value: digest }]]);
    await direct.apply(isCounted ? entries : entries.map(entry => ({ ...entry, message: null })), digests);
  };
  const told = async () => {
    const inboxes = await Promise.all(
      ['ann', 'bob'].map(async user => (await bench.inbox(user)) as { user?: string }[]),
    );
    return inboxes.map(entries => entries.map(({ user }) => user));
  };
  return { ...bench, stored, kill, tell, told };
}

test('the first message that counts tells each of the two of the other, once', async () => {
  const { log, tell, told, inbox } = await directBench();
  await tell(0);
  assert.deepEqual(await told(), [[], []]);
  await publishSeen(log, DM, 'ann', 1);
  await tell(0, false);
  assert.deepEqual(await told(), [[], []]);
  await tell(0);
  await publishSeen(log, DM, 'bob', 1);
  await tell(0); // the worker was killed before it wrote the digest
  await tell(2);
  assert.deepEqual(await told(), [['bob'], ['ann']]);
  const [{ id, ...entry } = { id: '' }] = (await inbox('bob')) as unknown as { readonly id: string }[];
  assert.match(id, /^[\da-f-]{36}$/);
  assert.deepEqual(entry, { type: 'dm', room: DM, user: 'ann', time: 1_000 });
  const documented = ENTRY_EXAMPLES.filter(({ tags }) => tags.type === 'dm');
  assert.deepEqual(
    documented.map(({ data }) => shapeOf(data)),
    [shapeOf({ ...entry, id })],
  );
});

test('a room of which LAST has no message is asked about in MongoDB', async () => {
  const { log, tell, told, stored } = await directBench();
  await publishSeen(log, DM, 'ann', 1);
  stored.answer = true;
  await tell();
  assert.deepEqual([await told(), stored.asked], [[[], []], 2]);
  // Whether they were told before is not known: they wait, and are told once that is.
  stored.answer = null;
  await tell();
  assert.deepEqual(
    [await told(), stored.waiting],
    [
      [[], []],
      [`${DM} 2`, `${DM} 2`],
    ],
  );
  stored.answer = false;
  await tell(2); // the digest was written meanwhile
  assert.deepEqual(await told(), [['bob'], ['ann']]);
});

test('two of whom one was told before the worker was killed are both told, also by a digest that has the message', async () => {
  const { log, tell, told, stored, kill } = await directBench();
  await publishSeen(log, DM, 'ann', 1);
  kill();
  await assert.rejects(tell(0));
  assert.deepEqual(await told(), [['bob'], []]);
  stored.asked = 0;
  await tell(2);
  assert.deepEqual([await told(), stored.asked], [[['bob'], ['ann']], 2], 'what LOG may have forgotten is looked up');
  await tell(1);
  assert.equal(stored.asked, 2, 'an earlier message told them');
  await tell(undefined, true, 0);
  assert.equal(stored.asked, 2, 'the room was made in the batch: LOG knows what is that young');
});

test('a kind dm with open rooms tells nobody', async () => {
  const { log, tell, told } = await directBench({ ...CREATE, open: true } as Act);
  await publishSeen(log, DM, 'ann', 1);
  await tell(0);
  const types = (await told()).flat();
  assert.ok(!types.includes('ann') && !types.includes('bob'));
});
