import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VerbName } from '../../../../client/verbs.ts';
import { ERRORS } from '../../../../server/protocol/codes.ts';
import type { MemoryContacts } from '../../../support/chat/memory-contacts.ts';
import { roomChat } from '../../../support/chat/room-chat.ts';

type Act = 'friend.request' | 'friend.accept' | 'friend.decline' | 'friend.remove' | 'block.add' | 'block.remove';

/** A chat in which users act on each other. */
function people(env?: Readonly<Record<string, string>>) {
  const chat = roomChat({}, env);
  /** Answer to an act: its state, `blocked` beside a block, or the code of the refusal. */
  const act = async (user: string, name: Act, other: string, more: object = {}) => {
    try {
      const { state, blocked } = await chat.as(user, name, { user: other, ...more });
      return blocked ? `${state} blocked` : state;
    } catch (error) {
      return (error as { error?: { code: number } }).error?.code ?? assert.fail(error as Error);
    }
  };
  const contacts = chat.chat.contacts as MemoryContacts;
  const acts = async (user: string) => (await chat.entriesOf(`user:${user}`)).map(({ data }) => data['act']);
  return { ...chat, act, acts, contacts };
}

test('a user asks, the other accepts, and each may end it', async () => {
  const { act, acts } = people();
  assert.equal(await act('ann', 'friend.request', 'bob'), 'out');
  assert.equal(await act('ann', 'friend.request', 'bob'), 'out');
  assert.equal(await act('bob', 'friend.accept', 'ann'), 'friend');
  assert.equal(await act('bob', 'friend.accept', 'ann'), 'friend');
  assert.equal(await act('ann', 'friend.request', 'bob'), 'friend');
  assert.equal(await act('ann', 'friend.remove', 'bob'), 'none');
  assert.equal(await act('bob', 'friend.remove', 'ann'), 'none');
  assert.deepEqual([await acts('ann'), await acts('bob')], [['request', 'remove'], ['accept']]);
});

test('a request to one who has asked accepts, also after a decline', async () => {
  const { act, acts } = people();
  await act('ann', 'friend.request', 'bob');
  assert.equal(await act('bob', 'friend.request', 'ann'), 'friend');
  await act('ann', 'friend.request', 'eve');
  assert.equal(await act('eve', 'friend.decline', 'ann'), 'none');
  assert.equal(await act('ann', 'friend.request', 'eve'), 'out', 'as if it waited');
  assert.equal(await act('eve', 'friend.request', 'ann'), 'friend');
  assert.deepEqual([await acts('bob'), await acts('eve')], [['accept'], ['decline', 'accept']]);
});

test('after the end of a friendship both have to agree again, whoever asks', async () => {
  const { act } = people();
  for (const [one, two] of [
    ['ann', 'bob'],
    ['bob', 'ann'],
  ] as const) {
    await act('ann', 'friend.request', 'bob');
    assert.equal(await act('bob', 'friend.accept', 'ann'), 'friend');
    assert.equal(await act(one, 'friend.remove', two), 'none');
    assert.equal(await act(one, 'friend.request', two), 'out');
    assert.equal(await act(two, 'friend.decline', one), 'none');
    assert.equal(await act(one, 'friend.remove', two), 'none');
  }
});

test('an answer needs a request', async () => {
  const { act } = people();
  assert.equal(await act('ann', 'friend.accept', 'bob'), 404);
  assert.equal(await act('ann', 'friend.decline', 'bob'), 'none');
  await act('ann', 'friend.request', 'bob');
  assert.equal(await act('ann', 'friend.accept', 'bob'), 404, 'the own request');
  await act('ann', 'friend.remove', 'bob');
  assert.equal(await act('bob', 'friend.accept', 'ann'), 404, 'taken back');
  await act('ann', 'friend.request', 'bob');
  assert.equal(await act('bob', 'friend.remove', 'ann'), 'none', 'declines');
  await act('bob', 'friend.accept', 'ann');
  assert.equal(await act('bob', 'friend.decline', 'ann'), 409);
});

test('a block ends the friendship and refuses the other, who sees no more than that it ended', async () => {
  const { act, refused, entriesOf } = people();
  await act('ann', 'friend.request', 'bob');
  await act('bob', 'friend.accept', 'ann');
  assert.equal(await act('ann', 'block.add', 'bob'), 'none blocked');
  assert.equal(await act('ann', 'block.add', 'bob'), 'none blocked');
  assert.equal((await entriesOf('user:ann')).at(-1)?.data['ends'], 'remove');
  const answer = await refused('bob', 'friend.request', { user: 'ann' });
  assert.deepEqual(answer, { code: 103, message: 'permission denied: the user does not allow it' });
  assert.equal(await act('bob', 'friend.accept', 'ann'), 404);
  assert.equal(await act('bob', 'friend.remove', 'ann'), 'none');
  for (const verb of ['friend.request', 'friend.accept'] as const)
    assert.deepEqual(await refused('ann', verb, { user: 'bob' }), { code: 409, message: 'you have blocked this user' });
  assert.equal(await act('ann', 'block.remove', 'bob'), 'none');
  assert.equal(await act('ann', 'block.remove', 'bob'), 'none');
  assert.equal(await act('bob', 'friend.request', 'ann'), 'out');
});

test('the request of one who is blocked looks as if it waited, and can be taken back', async () => {
  const { act, entriesOf } = people();
  await act('bob', 'friend.request', 'ann');
  await act('ann', 'block.add', 'bob');
  assert.equal((await entriesOf('user:ann')).at(-1)?.data['ends'], 'decline');
  assert.equal(await act('bob', 'friend.request', 'ann'), 'out');
  assert.equal(await act('bob', 'friend.remove', 'ann'), 'none');
  assert.equal(await act('bob', 'block.add', 'ann'), 'none blocked', 'both may block each other');
});

test('an act that is sent again is the first one, whatever came between', async () => {
  const { as, act, idOf, entriesOf, clock } = people();
  const id = idOf();
  const first = await as('ann', 'friend.request', { user: 'bob', id });
  const again = () => as('ann', 'friend.request', { user: 'bob', id });
  assert.deepEqual(
    [first, await again()],
    [
      { state: 'out', blocked: false, duplicate: false },
      { state: 'out', blocked: false, duplicate: true },
    ],
  );
  await act('ann', 'friend.remove', 'bob');
  assert.deepEqual(await again(), { state: 'none', blocked: false, duplicate: true });
  await act('bob', 'block.add', 'ann');
  assert.deepEqual(await again(), { state: 'none', blocked: false, duplicate: true }, 'though it would be refused now');
  clock.pass(3_600_000);
  assert.deepEqual(await again(), { state: 'none', blocked: false, duplicate: true });
  assert.equal((await entriesOf('user:ann')).length, 2);
});

test('an act whose gateway ended before it wrote the pair is written by the repeat', async () => {
  const { as, chat, idOf, act } = people();
  const id = idOf();
  const { acted } = chat.pairs;
  chat.pairs.acted = async (_, pair) => pair;
  await as('ann', 'friend.request', { user: 'bob', id });
  assert.equal(await act('bob', 'friend.accept', 'ann'), 404);
  chat.pairs.acted = acted;
  assert.deepEqual(await as('ann', 'friend.request', { user: 'bob', id }), {
    state: 'out',
    blocked: false,
    duplicate: true,
  });
  assert.equal(await act('bob', 'friend.accept', 'ann'), 'friend');
});

test('requests to strangers are limited a day, answers are not', async () => {
  const { act, clock } = people({ CHAT_FRIEND_REQUESTS_PER_DAY: '2' });
  assert.equal(await act('ann', 'friend.request', 'u1'), 'out');
  assert.equal(await act('ann', 'friend.request', 'u2'), 'out');
  assert.equal(await act('ann', 'friend.request', 'u3'), 106);
  assert.equal(await act('ann', 'friend.request', 'u1'), 'out', 'a request that waits is not made again');
  await act('bob', 'friend.request', 'ann');
  assert.equal(await act('ann', 'friend.request', 'bob'), 'friend');
  clock.pass(24 * 3_600_000);
  assert.equal(await act('ann', 'friend.request', 'u3'), 'out');
});

test('acts on oneself are refused, and the note of a request is stored', async () => {
  const { act, entriesOf } = people();
  for (const verb of [
    'friend.request',
    'friend.accept',
    'friend.decline',
    'friend.remove',
    'block.add',
    'block.remove',
  ])
    assert.equal(await act('ann', verb as Act, 'ann'), 107);
  assert.equal(await act('ann', 'friend.request', 'bob', { note: 'x'.repeat(201) }), 107);
  await act('ann', 'friend.request', 'bob', { note: 'tea?' });
  const [entry] = await entriesOf('user:ann');
  const { id, time, ...data } = entry?.data ?? {};
  assert.ok(id && time);
  assert.deepEqual(
    [entry?.type, data],
    ['contact', { type: 'contact', user: 'bob', act: 'request', of: 0, note: 'tea?' }],
  );
});

test('beside gateways of the release before, acts of which the other is not told answer a temporary error', async () => {
  const { act, refused, rights } = people();
  await act('ann', 'friend.request', 'bob');
  rights.kept = false;
  const calls: readonly [VerbName, string][] = [
    ['block.add', 'ann'],
    ['friend.decline', 'ann'],
    ['friend.remove', 'ann'],
  ];
  for (const [verb, user] of calls)
    assert.equal((await refused('bob', verb, { user })).code, ERRORS.internal.code, verb);
  assert.equal(await act('bob', 'friend.accept', 'ann'), 'friend');
  assert.equal(await act('bob', 'friend.remove', 'ann'), 'none');
});

test('friends, requests and blocked users are listed in pages, each once', async () => {
  const { as, contacts, code } = people();
  const names = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}${index}`);
  contacts.put('ann', 'friend', names('f', 5));
  contacts.put('ann', 'in', names('i ', 3));
  contacts.put('ann', 'out', names('o', 4));
  contacts.put('ann', 'blocked', names('b', 5));
  const all = [
    ...names('f', 5).map(user => ({ user, state: 'friend' })),
    ...names('i ', 3).map(user => ({ user, state: 'in' })),
    ...names('o', 4).map(user => ({ user, state: 'out' })),
  ];
  const pages = async <T>(
    read: (cursor?: string) => Promise<{ readonly items: readonly T[]; readonly cursor?: string }>,
  ) => {
    const items: T[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await read(cursor);
      items.push(...page.items);
      cursor = page.cursor;
      if (cursor === undefined) return items;
    }
  };
  for (const limit of [1, 2, 3, 5, 12, 100]) {
    assert.deepEqual(await pages(cursor => as('ann', 'friend.list', { limit, cursor })), all, `${limit}`);
    const asked = await pages(cursor => as('ann', 'friend.list', { limit, cursor, state: 'in' }));
    assert.deepEqual(asked, all.slice(5, 8));
    const blocked = await pages(cursor => as('ann', 'block.list', { limit, cursor }));
    assert.deepEqual(
      blocked,
      names('b', 5).map(user => ({ user })),
    );
  }
  assert.deepEqual(await as('bob', 'friend.list', {}), { items: [] });
  for (const cursor of ['none', 'friend', 'none bob']) assert.equal(await code('ann', 'friend.list', { cursor }), 107);
});

test('friends and own requests, and blocked users, have a limit, which is not counted while MongoDB is away', async () => {
  const { act, contacts } = people({ CHAT_MAX_FRIENDS: '3', CHAT_MAX_BLOCKS: '2' });
  contacts.put('ann', 'friend', ['f1', 'f2']);
  contacts.put('ann', 'blocked', ['b1', 'b2']);
  await act('bob', 'friend.request', 'ann');
  assert.equal(await act('ann', 'friend.request', 'u1'), 'out');
  contacts.put('ann', 'out', ['u1']);
  assert.equal(await act('ann', 'friend.request', 'u2'), 106);
  assert.equal(await act('ann', 'friend.accept', 'bob'), 106);
  assert.equal(await act('ann', 'block.add', 'bob'), 106);
  assert.equal(await act('ann', 'friend.request', 'u1'), 'out', 'nothing changes');
  assert.equal(await act('ann', 'friend.decline', 'bob'), 'none');
  contacts.up = false;
  assert.equal(await act('ann', 'friend.accept', 'bob'), 'friend');
  assert.equal(await act('ann', 'block.add', 'bob'), 'none blocked');
});
