import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Contact,
  type ContactAct,
  endedBy,
  mergedPair,
  NO_PAIR,
  type Pair,
  pairJson,
  readContact,
  readPair,
  relationOf,
  sidesOf,
  withContact,
} from '../../../../server/fold/pair.ts';
import { integer, pick } from '../../../../tools/support/random.ts';
import { anyJson, fuzz, type Random } from '../../../support/fuzz/fuzz.ts';

type User = 'ann' | 'bob';
const otherOf = (user: User): User => (user === 'ann' ? 'bob' : 'ann');
const ACTS: readonly ContactAct[] = ['request', 'accept', 'decline', 'remove', 'block', 'unblock'];

/** An act of a user who saw a pair. */
function actOn(pair: Pair, user: User, act: ContactAct, offset: number): Contact {
  const other = otherOf(user);
  const [own] = sidesOf(pair, user, other);
  const ends = own.friend?.act === 'request' || own.friend?.act === 'accept' ? 'remove' : 'decline';
  return { user, other, act, offset, id: `${user} ${offset}`, of: endedBy(pair, user, other, act), ends, note: '' };
}

/** Acts one after another, each by one who saw all before it: `ann request`. */
function pairAfter(...acts: readonly string[]): Pair {
  return acts.reduce<Pair>((pair, text, index) => {
    const [user, act] = text.split(' ') as [User, ContactAct];
    return withContact(pair, actOn(pair, user, act, index + 1));
  }, NO_PAIR);
}

/** States that ann and bob see. */
const seen = (pair: Pair) => [relationOf(pair, 'ann', 'bob').state, relationOf(pair, 'bob', 'ann').state];

const shuffled = <T>(random: Random, items: readonly T[]): T[] =>
  items
    .map(item => [random(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);

/** Acts of two users through gateways that each have seen some of the acts before. */
function anyContacts(random: Random): Contact[] {
  const contacts: Contact[] = [];
  const tops = { ann: 0, bob: 0 };
  for (let count = integer(random, 12); count > 0; count--) {
    const user = pick<User>(random, ['ann', 'bob']);
    const known = contacts.filter(() => random() < 0.7).reduce(withContact, NO_PAIR);
    tops[user] += 1 + integer(random, 3);
    contacts.push(actOn(known, user, pick(random, ACTS), tops[user]));
  }
  return contacts;
}

fuzz(
  'acts give one pair in whatever order, as often and through as many gateways they are written',
  [1, 2, 3],
  300,
  random => {
    const contacts = anyContacts(random);
    const whole = contacts.reduce(withContact, NO_PAIR);
    const again = shuffled(random, [...contacts, ...contacts.filter(() => random() < 0.5)]);
    assert.deepEqual(again.reduce(withContact, NO_PAIR), whole);
    // Two gateways with a part of the acts each, some with both, through the store and back.
    const parts = [0, 1].map(() => again.filter(() => random() < 0.5).reduce(withContact, NO_PAIR));
    const stored = parts.map(part => readPair(JSON.parse(JSON.stringify(pairJson(part)))) as Pair);
    const rest = again.reduce(withContact, stored.reduce(mergedPair, NO_PAIR));
    assert.deepEqual(rest, whole);
    assert.equal(mergedPair(whole, parts[0] as Pair), whole, 'what is known changes nothing');
  },
);

fuzz('what both users see agrees: friends are friends of each other, and never beside a block', [4, 5], 300, random => {
  const pair = anyContacts(random).reduce(withContact, NO_PAIR);
  const [ann, bob] = [relationOf(pair, 'ann', 'bob'), relationOf(pair, 'bob', 'ann')];
  assert.equal(ann.state === 'friend', bob.state === 'friend');
  assert.deepEqual([ann.blocks, ann.blocked], [bob.blocked, bob.blocks]);
  if (ann.blocks) assert.equal(ann.state, 'none');
  for (const [one, two] of [
    [ann, bob],
    [bob, ann],
  ] as const)
    if (one.state === 'in') assert.ok(two.state === 'out' || two.blocks, 'a request that is seen is not taken back');
});

test('a request, its answer and the end of a friendship, as both see them', () => {
  for (const [states, ...acts] of [
    [['none', 'none']],
    [['out', 'in'], 'ann request'],
    [['friend', 'friend'], 'ann request', 'bob accept'],
    [['friend', 'friend'], 'ann request', 'bob request'],
    [['none', 'none'], 'ann request', 'ann remove'],
    [['out', 'in'], 'ann request', 'ann remove', 'ann request'],
    [['none', 'none'], 'ann request', 'bob accept', 'ann remove'],
    [['none', 'none'], 'ann request', 'bob accept', 'bob remove'],
    [['in', 'out'], 'ann request', 'bob accept', 'ann remove', 'bob request'],
    [['friend', 'friend'], 'ann request', 'bob accept', 'ann remove', 'bob request', 'ann accept'],
    [['out', 'in'], 'ann request', 'bob accept', 'ann remove', 'ann request'],
    [['friend', 'friend'], 'ann request', 'bob accept', 'ann remove', 'ann request', 'bob accept'],
    [['in', 'out'], 'ann request', 'bob accept', 'bob remove', 'bob request'],
    [['none', 'none'], 'ann request', 'bob accept', 'bob remove', 'bob request', 'bob remove'],
    [['out', 'in'], 'ann request', 'bob accept', 'bob block', 'bob unblock', 'ann request'],
    [['in', 'out'], 'ann request', 'bob accept', 'bob block', 'bob unblock', 'bob request'],
  ] as const)
    assert.deepEqual(seen(pairAfter(...acts)), states, acts.join(', '));
});

test('a decline is silent, and the other may still ask', () => {
  assert.deepEqual(seen(pairAfter('ann request', 'bob decline')), ['out', 'none']);
  assert.deepEqual(seen(pairAfter('ann request', 'bob decline', 'bob request')), ['friend', 'friend']);
  assert.deepEqual(seen(pairAfter('ann request', 'bob decline', 'ann remove')), ['none', 'none']);
  assert.deepEqual(seen(pairAfter('ann request', 'bob decline', 'ann remove', 'ann request')), ['out', 'in']);
});

test('a block ends the friendship, and shows the other no more than a decline or a remove', () => {
  assert.deepEqual(seen(pairAfter('ann request', 'bob block')), ['out', 'none']);
  assert.deepEqual(seen(pairAfter('ann request', 'bob accept', 'bob block')), ['none', 'none']);
  const blocked = pairAfter('ann request', 'bob accept', 'bob block', 'ann request');
  assert.deepEqual(seen(blocked), ['out', 'none'], 'a request that raced with the block');
  assert.deepEqual(relationOf(blocked, 'bob', 'ann'), { state: 'none', blocks: true, blocked: false });
  const unblocked = pairAfter('ann request', 'bob accept', 'bob block', 'bob unblock');
  assert.deepEqual(relationOf(unblocked, 'bob', 'ann'), { state: 'none', blocks: false, blocked: false });
});

test('requests from both sides at the same time make friends', () => {
  const both = (['ann', 'bob'] as const).map(user => actOn(NO_PAIR, user, 'request', 1));
  assert.deepEqual(seen(both.reduce(withContact, NO_PAIR)), ['friend', 'friend']);
});

test('an end counts for what its user had seen: a request that came meanwhile stays', () => {
  const friends = pairAfter('ann request', 'bob accept');
  const removed = actOn(friends, 'ann', 'remove', 9);
  const gone = withContact(friends, removed);
  const meanwhile = actOn(friends, 'bob', 'request', 9);
  assert.deepEqual(seen(withContact(gone, meanwhile)), ['in', 'out']);
});

fuzz('no body breaks the readers', [6], 300, random => {
  const body = {
    id: 'x',
    user: 'bob',
    act: pick(random, ACTS),
    of: integer(random, 3),
    ...(anyJson(random) as object),
  };
  const entry = { type: 'contact', offset: 3, user: 'ann' };
  const contact = readContact(entry, random() < 0.8 ? body : anyJson(random));
  if (contact) withContact(NO_PAIR, contact);
  const pair = readPair([anyJson(random), { friend: anyJson(random), block: { at: 1, on: anyJson(random) } }]);
  if (pair) relationOf(pair, 'ann', 'bob');
});

test('an entry of another type, on its own user or with an unknown act is none', () => {
  const entry = { type: 'contact', offset: 3, user: 'ann' };
  const body = { id: 'x', user: 'bob', act: 'block', of: 2, ends: 'remove' };
  assert.deepEqual(readContact(entry, body), { ...body, user: 'ann', other: 'bob', offset: 3, note: '' });
  assert.equal(readContact({ ...entry, type: 'member' }, body), null);
  assert.equal(readContact(entry, { ...body, user: 'ann' }), null);
  assert.equal(readContact(entry, { ...body, act: 'poke' }), null);
});
