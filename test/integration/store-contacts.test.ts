import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MongoClient } from 'mongodb';
import { type Contact, type ContactAct, NO_PAIR, relationOf, withContact } from '../../server/fold/pair.ts';
import { INDEXES } from '../../server/store/indexes.ts';
import { mongoStore } from '../../server/store/mongo.ts';
import { startMongo } from '../../tools/local/mongo.ts';
import { integer, pick } from '../../tools/support/random.ts';
import { fuzz } from '../support/fuzz/fuzz.ts';

const mongo = await startMongo();
test.after(() => mongo.close());
const client = new MongoClient(mongo.uri);
test.after(() => client.close());

let databases = 0;

/** A store on a database of its own. */
function freshStore() {
  const name = `chat_contacts_${process.pid}_${databases++}`;
  const store = mongoStore(mongo.uri, name);
  test.after(async () => {
    await client.db(name).dropDatabase();
    await store.close();
  });
  return { store, contacts: client.db(name).collection('contacts') };
}

const act = (user: string, act: ContactAct, other: string, offset: number, of = 0): Contact => ({
  ...{ user, other, offset, id: `${user} ${offset}`, act, of, ends: 'decline', note: '' },
});
const ALL = { after: '', limit: 100 };
const ACTS: readonly ContactAct[] = ['request', 'accept', 'decline', 'remove', 'block', 'unblock'];
const USERS = ['ann', 'bob', 'eve', '__proto__'];

fuzz(
  'relations are those of the pairs, whichever workers write them, in any order and again',
  [1, 2],
  5,
  async random => {
    const { store } = freshStore();
    const tops = new Map<string, number>();
    const log = Array.from({ length: 40 }, () => {
      const user = pick(random, USERS);
      const other = pick(
        random,
        USERS.filter(each => each !== user),
      );
      const offset = (tops.get(user) ?? 0) + 1 + integer(random, 3);
      tops.set(user, offset);
      return act(user, pick(random, ACTS), other, offset, integer(random, offset));
    });
    // Two workers with a part each, in parts that overlap, at the same time.
    const worker = async () => {
      for (let done = 0; done < log.length; ) {
        const from = integer(random, done + 1);
        done = Math.min(log.length, done + 1 + integer(random, 12));
        await store.contacts.applyContacts(log.slice(from, done));
      }
    };
    await Promise.all([worker(), worker()]);
    for (const user of USERS) {
      const known = USERS.filter(each => each !== user).map(other => {
        const pair = log
          .filter(each => [each.user, each.other].every(one => one === user || one === other))
          .reduce(withContact, NO_PAIR);
        return { other, pair, ...relationOf(pair, user, other) };
      });
      for (const { other, pair } of known) assert.deepEqual((await store.contacts.pair(user, other)) ?? NO_PAIR, pair);
      for (const state of ['friend', 'in', 'out'] as const) {
        const expected = known.filter(each => each.state === state).map(({ other }) => other);
        assert.deepEqual(await store.contacts.listContacts(user, state, ALL), expected.toSorted());
        assert.equal(await store.contacts.countContacts(user, state, 100), expected.length);
      }
      const blocked = known.filter(({ blocks }) => blocks).map(({ other }) => other);
      assert.deepEqual(await store.contacts.listContacts(user, 'blocked', ALL), blocked.toSorted());
      assert.equal(await store.contacts.countContacts(user, 'blocked', 100), blocked.length);
    }
  },
);

test('lists have pages, counts have an end, and all pairs are found from both sides', async () => {
  const { store, contacts } = freshStore();
  const others = Array.from({ length: 30 }, (_, index) => `user-${String(index).padStart(2, '0')}`);
  await store.contacts.applyContacts(others.map((other, index) => act('ann', 'request', other, index + 1)));
  await store.contacts.applyContacts(
    others.map((other, index) => act('ann', 'block', other, index + 100)).slice(0, 10),
  );
  const seen: string[] = [];
  for (let after = ''; ; after = seen.at(-1) ?? '') {
    const page = await store.contacts.listContacts('ann', 'out', { after, limit: 7 });
    seen.push(...page);
    if (page.length < 7) break;
  }
  assert.deepEqual(seen, others.slice(10));
  assert.deepEqual(await store.contacts.listContacts('ann', 'blocked', { after: 'user-07', limit: 100 }), [
    'user-08',
    'user-09',
  ]);
  assert.deepEqual(
    [await store.contacts.countContacts('ann', 'out', 5), await store.contacts.countContacts('ann', 'blocked', 100)],
    [5, 10],
  );
  const owners: string[] = [];
  for (let after = ''; ; ) {
    const page = await store.contacts.allPairs(after, 7);
    owners.push(...page.map(([, { owner }]) => owner));
    const last = page.at(-1);
    if (!last) break;
    after = last[0];
  }
  assert.deepEqual([owners.length, owners.filter(owner => owner === 'ann').length], [60, 30]);
  const names = (await contacts.indexes()).map(({ name }) => name);
  for (const { name, collection } of INDEXES) if (collection === 'contacts') assert.ok(names.includes(name), name);
});
