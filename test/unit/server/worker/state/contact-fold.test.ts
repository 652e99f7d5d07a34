import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_PAIR, pairUsers, readPair, relationOf, withContact } from '../../../../../server/fold/pair.ts';
import { writePair } from '../../../../../server/membership/policy-writes.ts';
import { publishContact } from '../../../../support/chat/contact-entries.ts';
import { policyFoldBench } from '../../../../support/chat/policy-fold-bench.ts';
import { ENTRY_EXAMPLES, shapeOf } from '../../../../support/docs/entry-examples.ts';

async function bench() {
  const all = await policyFoldBench();
  const put = (user: string, act: Parameters<typeof publishContact>[2], other: string, more?: object) =>
    publishContact(all.log, user, act, other, more).then(({ offset }) => offset);
  const pair = async () => readPair((await all.policy.read({ pair: ['ann', 'bob'] }))?.value) ?? NO_PAIR;
  const states = async () => [
    relationOf(await pair(), 'ann', 'bob').state,
    relationOf(await pair(), 'bob', 'ann').state,
  ];
  /** Entries of workers in an inbox: type, act and user. */
  const told = async (user: string) =>
    (await all.inbox(user))
      .map(body => body as { type: string; act?: string; user?: string })
      .filter(({ type }) => type !== 'contact')
      .map(({ type, act, user }) => [type, act, user].filter(Boolean).join(' '));
  return { ...all, put, pair, states, told };
}

test('what no gateway wrote is written, and the other user is told once, however often entries come', async () => {
  const { put, run, make, policy, states, told, inbox } = await bench();
  await put('ann', 'request', 'bob', { note: 'tea?' });
  await run();
  assert.deepEqual([await states(), await told('bob')], [['out', 'in'], ['friend request ann']]);
  const [notice] = (await inbox('bob')) as unknown as { id: string; time: number }[];
  assert.deepEqual(notice, { type: 'friend', id: notice?.id, act: 'request', user: 'ann', note: 'tea?', time: 1_000 });
  const accepted = await put('bob', 'accept', 'ann');
  await run();
  assert.deepEqual([await states(), await told('ann')], [['friend', 'friend'], ['friend accept bob']]);
  await put('ann', 'remove', 'bob', { of: accepted });
  await run();
  const before = [await states(), await told('ann'), await told('bob')];
  assert.deepEqual(before, [['none', 'none'], ['friend accept bob'], ['friend request ann', 'friend remove ann']]);
  await run(make(), true);
  policy.wipe();
  await run(make(), true);
  assert.deepEqual([await states(), await told('ann'), await told('bob')], before);
});

test('an older entry does not replace a later one that a gateway wrote', async () => {
  const { put, run, pair, policy, log } = await bench();
  await put('ann', 'request', 'bob');
  const { offset } = await publishContact(log, 'ann', 'remove', 'bob');
  const later = { user: 'ann', other: 'bob', offset: offset + 10, id: 'x', act: 'request', of: 0 } as const;
  await writePair(policy, pairUsers('ann', 'bob'), withContact(NO_PAIR, { ...later, ends: 'decline', note: '' }));
  await run();
  assert.deepEqual((await pair())[0].friend, { at: offset + 10, id: 'x', act: 'request', of: 0 });
});

test('a decline, a block and an unblock are told to gateways alone, without what it was', async () => {
  const { put, run, told, inbox } = await bench();
  const asked = await put('bob', 'request', 'ann');
  await run();
  await put('ann', 'decline', 'bob', { of: asked });
  await put('ann', 'block', 'bob', { of: asked, ends: 'decline' });
  await put('ann', 'unblock', 'bob');
  await run();
  assert.deepEqual(await told('bob'), ['pair ann', 'pair ann', 'pair ann']);
  const shapes = (await inbox('bob')).filter(({ type }) => type === 'pair').map(body => Object.keys(body).sort());
  assert.deepEqual(shapes, Array(3).fill(['id', 'time', 'type', 'user']));
});

test('one who was a friend sees the block as the end of the friendship', async () => {
  const { put, run, told, states } = await bench();
  const asked = await put('bob', 'request', 'ann');
  await put('ann', 'accept', 'bob');
  await put('ann', 'block', 'bob', { of: asked, ends: 'remove' });
  await run();
  assert.deepEqual((await told('bob')).at(-1), 'friend remove ann');
  assert.deepEqual(await states(), ['none', 'none']);
});

test('nothing of a blocked user reaches the one who blocks', async () => {
  const { put, run, told } = await bench();
  await put('ann', 'block', 'bob', { ends: 'decline' });
  await run();
  await put('bob', 'request', 'ann');
  await put('bob', 'remove', 'ann');
  await put('bob', 'block', 'ann', { ends: 'decline' });
  await run();
  assert.deepEqual(await told('ann'), []);
});

test('two who ask each other at the same time are told that they are friends', async () => {
  const { put, run, told, states } = await bench();
  await put('ann', 'request', 'bob');
  await run();
  await put('bob', 'request', 'ann');
  await run();
  assert.deepEqual(
    [await states(), await told('ann'), await told('bob')],
    [['friend', 'friend'], ['friend accept bob'], ['friend request ann']],
  );
});

test('the notice that docs/protocol.md shows is the one that workers make', async () => {
  const { put, run, inbox } = await bench();
  await put('bob', 'request', 'ann');
  await put('ann', 'accept', 'bob');
  await run();
  const shown = ENTRY_EXAMPLES.find(({ tags }) => tags.type === 'friend') ?? assert.fail();
  const made = (await inbox('bob')).find(({ type }) => type === 'friend');
  assert.deepEqual(shapeOf(shown.data), shapeOf(made));
});
