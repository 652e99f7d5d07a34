import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Contact, type ContactAct, NO_PAIR, withContact } from '../../../../server/fold/pair.ts';
import type { PairArchive } from '../../../../server/membership/archive.ts';
import { LoadedPairs } from '../../../../server/membership/loaded-pairs.ts';
import { PolicyBatch } from '../../../../server/membership/policy-batch.ts';
import { StoreUnavailable } from '../../../../server/room/history-store.ts';
import type { StoredMessage } from '../../../../server/room/message.ts';
import { fillPolicy } from '../../../support/chat/filled-policy.ts';
import { MemoryPolicyStore } from '../../../support/chat/memory-policy.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';

const act = (user: string, other: string, act: ContactAct, offset: number): Contact => ({
  ...{ user, other, act, offset, id: `${user} ${offset}`, of: 0, ends: 'decline', note: '' },
});

/** A MongoDB that is not to be asked. */
const NO_PAIRS: PairArchive = { pair: () => Promise.reject(new StoreUnavailable('switched off')) };

/** An entry of an inbox as it is delivered. */
const entryOf = (type: string, data: object, offset = 1) =>
  ({ type, offset, user: '', cv: 0, body: Buffer.from(JSON.stringify({ type, ...data })) }) as unknown as StoredMessage;

interface Options {
  readonly whole?: boolean;
  readonly archive?: PairArchive;
}

async function gateway(policy = new MemoryPolicyStore(), { whole = true, archive = NO_PAIRS }: Options = {}) {
  const clock = new ManualClock();
  const errors: unknown[] = [];
  const pairs = new LoadedPairs({
    policy,
    batch: new PolicyBatch({ policy, soon: queueMicrotask }),
    archive,
    covered: async () => ({ epoch: 'first', at: 0, whole }),
    now: () => clock.now(),
    unwritten: (_, error) => void errors.push(error),
  });
  await fillPolicy(policy);
  const state = async (user: string, other: string) => (await pairs.of(user, [other])).get(other)?.state;
  return { policy, clock, pairs, errors, state };
}

test('an act is known to every gateway once it is answered, by the leader at once, else within 10 s', async () => {
  const here = await gateway();
  const there = await gateway(here.policy);
  assert.equal(await there.state('ann', 'bob'), 'none');
  await here.pairs.acted(act('bob', 'ann', 'request', 1), NO_PAIR);
  assert.equal(await here.state('bob', 'ann'), 'out');
  assert.equal(await there.state('ann', 'bob'), 'none', 'as it was read before');
  assert.equal((await there.pairs.fresh('ann', 'bob'))[1].friend?.act, 'request');
  assert.equal(await there.state('ann', 'bob'), 'in');
  await there.pairs.acted(act('ann', 'bob', 'accept', 4), NO_PAIR);
  assert.deepEqual([await there.state('ann', 'bob'), await there.state('bob', 'ann')], ['friend', 'friend']);
  here.clock.pass(10_000);
  assert.equal(await here.state('bob', 'ann'), 'friend');
});

test('what is in memory is answered at once, and others are asked for in one request', async () => {
  const { pairs, policy } = await gateway();
  await pairs.of('ann', ['bob']);
  assert.ok(pairs.of('ann', ['bob']) instanceof Map);
  assert.ok(pairs.of('bob', ['ann']) instanceof Map, 'both users have one pair');
  const before = policy.asked.length;
  const others = Array.from({ length: 200 }, (_, index) => `user ${index}`);
  const found = await pairs.of('ann', [...others, 'bob']);
  assert.deepEqual([found.size, policy.asked.length - before], [201, 1]);
});

test('an entry that the inbox of a connected user delivers is known at once, also before it is in POLICY', async () => {
  const { pairs, policy, state } = await gateway();
  assert.equal(await state('ann', 'bob'), 'none');
  pairs.noted('ann', entryOf('contact', { id: 'x', user: 'bob', act: 'request', of: 0 }, 3));
  assert.equal(await state('ann', 'bob'), 'out');
  const other = await gateway(policy);
  await other.pairs.acted(act('bob', 'ann', 'block', 2), NO_PAIR);
  assert.equal(await state('ann', 'bob'), 'out');
  assert.equal((await pairs.of('ann', ['bob'])).get('bob')?.blocked, false);
  pairs.noted('ann', entryOf('pair', { user: 'bob' }, 5));
  assert.equal((await pairs.of('ann', ['bob'])).get('bob')?.blocked, true);
});

test('what was delivered before its gateway wrote it is written by the one that decides on it', async () => {
  const { pairs, policy } = await gateway();
  pairs.noted('ann', entryOf('contact', { id: 'x', user: 'bob', act: 'request', of: 0 }, 3));
  const other = await gateway(policy);
  assert.equal((await other.pairs.fresh('bob', 'ann'))[0].friend, null);
  await pairs.fresh('ann', 'bob');
  assert.equal((await other.pairs.fresh('bob', 'ann'))[0].friend?.id, 'x');
});

test('a read that began before a change is not kept', async () => {
  const { policy, pairs, state } = await gateway();
  const held = Promise.withResolvers<void>();
  policy.wait = () => held.promise;
  const reading = pairs.of('ann', ['bob']);
  policy.wait = () => Promise.resolve();
  await (await gateway(policy)).pairs.acted(act('bob', 'ann', 'request', 1), NO_PAIR);
  pairs.noted('ann', entryOf('friend', { act: 'request', user: 'bob' }));
  held.resolve();
  await reading;
  assert.equal(await state('ann', 'bob'), 'in');
});

test('an act that cannot be written is left to the worker, and counts here meanwhile', async () => {
  const { policy, pairs, errors, state } = await gateway();
  policy.up = false;
  await pairs.acted(act('ann', 'bob', 'request', 1), NO_PAIR);
  policy.up = true;
  assert.deepEqual([errors.length, await state('ann', 'bob')], [1, 'out']);
});

test('while POLICY may lack acts, those of MongoDB count beside them', async () => {
  const archived = withContact(NO_PAIR, act('bob', 'ann', 'request', 7));
  const archive = { up: true };
  const pair = async () => {
    if (!archive.up) throw new StoreUnavailable('switched off');
    return archived;
  };
  const unfilled = await gateway(new MemoryPolicyStore(), { archive: { pair } });
  unfilled.policy.wipe();
  for (const here of [unfilled, await gateway(new MemoryPolicyStore(), { whole: false, archive: { pair } })]) {
    archive.up = true;
    assert.equal(await here.state('ann', 'bob'), 'in');
    await here.pairs.acted(act('ann', 'bob', 'accept', 3), NO_PAIR);
    await here.pairs.acted(act('bob', 'ann', 'remove', 6), NO_PAIR);
    assert.equal(await here.state('ann', 'bob'), 'friend', 'an older act than that of MongoDB');
    archive.up = false;
    await assert.rejects(here.pairs.fresh('ann', 'bob'), StoreUnavailable, 'what cannot be known is a temporary error');
  }
});
