import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MongoClient } from 'mongodb';
import { type ProfileChange, readProfile, readStatus } from '../../server/fold/profile.ts';
import { askedWords } from '../../server/fold/search-words.ts';
import { type GivenSettings, mergedSettings, NO_SETTINGS, PRIVACY_VALUES } from '../../server/fold/user-settings.ts';
import type { UserChange } from '../../server/membership/user-archive.ts';
import { mongoStore } from '../../server/store/mongo.ts';
import { userChangesOf } from '../../server/worker/views/user-entries.ts';
import { startMongo } from '../../tools/local/mongo.ts';
import { integer, pick } from '../../tools/support/random.ts';
import { foldEntry } from '../support/chat/fold-entry.ts';
import { fuzz, type Random } from '../support/fuzz/fuzz.ts';

const mongo = await startMongo();
test.after(() => mongo.close());
const client = new MongoClient(mongo.uri);
test.after(() => client.close());

let databases = 0;

/** A store on a database of its own. */
function freshStore() {
  const name = `chat_users_${process.pid}_${databases++}`;
  const store = mongoStore(mongo.uri, name);
  test.after(async () => {
    await client.db(name).dropDatabase();
    await store.close();
  });
  return { store, database: client.db(name) };
}

const USERS = ['ann', 'bob', '__proto__'];

/** Entries of a partition, some of which change settings. */
function anyEntries(random: Random) {
  return Array.from({ length: 30 }, (_, index) => {
    const user = pick(random, USERS);
    const name = pick(random, ['dm', 'add', 'presence'] as const);
    const body = {
      privacy: { [name]: pick(random, PRIVACY_VALUES[name]) },
      ...(random() < 0.3 ? { profile: { name: `name ${index}`, about: pick(random, ['', 'tea']) } } : {}),
      ...(random() < 0.3 ? { status: { text: `text ${index}` } } : {}),
    };
    return foldEntry(index + 1, `user:${user}`, random() < 0.8 ? 'me' : 'member', random() < 0.9 ? body : {});
  });
}

fuzz(
  'users have the settings and profiles of the fold, however often parts of the log come',
  [1, 2],
  4,
  async random => {
    const { store } = freshStore();
    const log = anyEntries(random);
    for (let done = 0; done < log.length; ) {
      const from = integer(random, done + 1);
      done = Math.min(log.length, done + 1 + integer(random, 12));
      await store.users.apply(userChangesOf(log.slice(from, done)));
    }
    const expected = new Map<string, GivenSettings>();
    const shown = new Map<string, ProfileChange>();
    for (const entry of log)
      for (const { user, settings, at: _, ...change } of userChangesOf([entry])) {
        expected.set(user, mergedSettings(expected.get(user) ?? NO_SETTINGS, settings));
        shown.set(user, { ...shown.get(user), ...change });
      }
    const profiles = [...shown].map(
      ([user, { profile, status }]) => [user, { profile: readProfile(profile), status: readStatus(status) }] as const,
    );
    assert.deepEqual(await store.users.profilesOf([...USERS, 'eve']), new Map(profiles));
    assert.deepEqual(await store.users.settingsOf([...USERS, 'eve']), expected);
  },
);

test('what a former holder of the lease still writes changes nothing', async () => {
  const { store } = freshStore();
  const change = (at: number, add: string): UserChange => ({ user: 'ann', at, settings: { add: { at, value: add } } });
  await store.users.apply([change(7, 'nobody')]);
  await store.users.apply([change(5, 'friends')]);
  await store.users.apply([change(7, 'nobody')]);
  assert.deepEqual((await store.users.settingsOf(['ann'])).get('ann'), { add: { at: 7, value: 'nobody' } });
});

test('users are found by their names in the order of their ids, in pages, over an index', async () => {
  const { store, database } = freshStore();
  const profile = (name: string) => readProfile({ name });
  const names = { a: 'Ann Tea', b: 'Bob', c: 'Tea Ann', d: '王小明 Tea', e: 'Jörg', f: '' };
  const changes = Object.entries(names).map(([user, name]) => ({ user, at: 1, settings: {}, profile: profile(name) }));
  await store.users.apply(changes);
  const search = async (text: string, after = '', limit = 10) => {
    const found = await store.users.search({ words: askedWords(text) ?? [], after, limit });
    return found.map(({ user, profile }) => `${user} ${profile.name}`);
  };
  assert.deepEqual(await search('tea'), ['a Ann Tea', 'c Tea Ann', 'd 王小明 Tea']);
  assert.deepEqual(await search('tea', 'a', 1), ['c Tea Ann']);
  assert.deepEqual(await search('ann te'), ['a Ann Tea', 'c Tea Ann']);
  assert.deepEqual(await search('小明'), ['d 王小明 Tea']);
  assert.deepEqual(await search('JORG'), ['e Jörg']);
  await store.users.apply([{ user: 'a', at: 2, settings: {}, profile: profile('Eve') }]);
  assert.deepEqual([await search('tea'), await search('eve')], [['c Tea Ann', 'd 王小明 Tea'], ['a Eve']]);
  const indexes = (await database.collection('users').indexes()).map(({ name }) => name);
  assert.deepEqual([indexes.sort(), await store.missingIndexes()], [['_id_', 'q_id'], []]);
});
