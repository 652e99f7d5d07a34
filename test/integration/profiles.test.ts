import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { BUILDS } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { patient } from '../support/chat/answered.ts';
import { startCluster } from '../support/chat/local-chat.ts';
import { person } from '../support/chat/person.ts';

const backends = await startBackends({ after });
const external = !backends.mongo.controllable && 'the MongoDB of MONGODB_URI cannot be stopped from here';

for (const build of BUILDS)
  test(`${build}: a profile that is set while no worker folds, and while MongoDB is away, is read by everybody afterwards`, {
    skip: external,
  }, async t => {
    const cluster = await startCluster(t, backends);
    const [first, second] = cluster.gateways;
    const ann = patient(await person(t, first.url, 'ann', { build }));
    const bob = patient(await person(t, second.url, 'bob', { build }));
    const read = async () => (await bob.act('profile.get', { users: ['ann', 'nobody'] })).users;
    await until('pairs can be read', async () => await cluster.policyComplete());
    assert.deepEqual(await read(), [{ user: 'ann' }, { user: 'nobody' }]);
    await ann.act('profile.set', { name: 'Ann', about: 'Drinks tea.' });
    await ann.act('status.set', { text: 'On holiday' });
    const expected = [
      { user: 'ann', name: 'Ann', about: 'Drinks tea.', status: { text: 'On holiday' } },
      { user: 'nobody' },
    ];
    await until('bob reads it', async () => JSON.stringify(await read()) === JSON.stringify(expected), { state: read });

    const found = { users: [{ user: 'ann', name: 'Ann' }] };
    assert.deepEqual(await bob.act('user.search', { q: 'ÁNN' }), found);
    assert.deepEqual(await bob.act('user.search', { q: 'ann' }), found);

    await cluster.stopWorker();
    await backends.mongo.stop();
    t.after(() => backends.mongo.start());
    assert.equal(await bob.code('profile.get', { users: ['ann'] }), 100);
    assert.equal(await bob.code('user.search', { q: 'ann' }), 100);
    await ann.act('profile.set', { name: 'Anna' });
    await backends.mongo.start();
    await cluster.startWorker();
    const later = [{ user: 'ann', name: 'Anna', status: { text: 'On holiday' } }, { user: 'nobody' }];
    const now = async () => {
      const code = await bob.code('profile.get', { users: ['ann'] });
      return code === 0 ? await read() : code;
    };
    await until('bob reads the change', async () => JSON.stringify(await now()) === JSON.stringify(later), {
      state: now,
    });
    await bob.act('profile.set', { name: 'Bob', about: 'Blocks.' });
    await bob.act('block.add', { user: 'ann' });
    const bobs = async () => (await ann.act('profile.get', { users: ['bob'] })).users;
    await until('ann sees less', async () => JSON.stringify(await bobs()) === '[{"user":"bob","name":"Bob"}]', {
      state: bobs,
    });
    assert.deepEqual((await ann.act('user.search', { q: 'bob' })).users, []);
  });
