import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type GivenSettings, readSettingsEntry } from '../../../../server/fold/user-settings.ts';
import { LoadedSettings } from '../../../../server/membership/loaded-settings.ts';
import { PolicyBatch } from '../../../../server/membership/policy-batch.ts';
import { StoreUnavailable } from '../../../../server/room/history-store.ts';
import { ReadFailed } from '../../../../server/room/log.ts';
import type { StoredMessage } from '../../../../server/room/message.ts';
import { fillPolicy } from '../../../support/chat/filled-policy.ts';
import { MemoryPolicyStore } from '../../../support/chat/memory-policy.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';

const change = (user: string, add: string, at: number) => ({ user, given: { add: { at, value: add } } });

/** An entry of an inbox as it is delivered. */
const entryOf = (data: object, offset: number) =>
  ({
    type: 'me',
    offset,
    user: '',
    cv: 0,
    body: Buffer.from(JSON.stringify({ type: 'me', ...data })),
  }) as unknown as StoredMessage;

async function gateway(policy = new MemoryPolicyStore(), whole = true) {
  const clock = new ManualClock();
  const errors: unknown[] = [];
  const archived = new Map<string, GivenSettings>();
  const parts = { archiveUp: true };
  const settings = new LoadedSettings({
    policy,
    batch: new PolicyBatch({ policy, soon: queueMicrotask }),
    archive: {
      settingsOf: async users => {
        if (!parts.archiveUp) throw new StoreUnavailable('switched off');
        return new Map([...archived].filter(([user]) => users.includes(user)));
      },
    },
    covered: async () => ({ epoch: 'first', at: 0, whole }),
    now: () => clock.now(),
    unwritten: (_, error) => void errors.push(error),
  });
  await fillPolicy(policy);
  const add = async (user: string) => (await settings.of([user])).get(user)?.privacy.add;
  const fresh = async (user: string) => (await settings.fresh([user])).get(user)?.privacy.add;
  return { policy, clock, settings, errors, archived, parts, add, fresh };
}

test('a change is known to every gateway once it is answered, by the leader at once, else within 10 s', async () => {
  const here = await gateway();
  const there = await gateway(here.policy);
  assert.equal(await there.add('ann'), 'everyone');
  await here.settings.changed(change('ann', 'nobody', 4));
  assert.equal(await here.add('ann'), 'nobody');
  assert.equal(await there.add('ann'), 'everyone', 'as it was read before');
  assert.equal(await there.fresh('ann'), 'nobody');
  await here.settings.changed(change('ann', 'friends', 2));
  assert.equal(await here.add('ann'), 'nobody', 'an older entry does not count');
  await there.settings.changed(change('ann', 'friends', 9));
  here.clock.pass(10_000);
  assert.equal(await here.add('ann'), 'friends');
});

test('settings in memory are answered at once, and others are asked for in one request', async () => {
  const { settings, policy } = await gateway();
  await settings.of(['ann']);
  assert.ok(settings.of(['ann']) instanceof Map);
  const before = policy.asked.length;
  const users = Array.from({ length: 199 }, (_, index) => `user ${index}`);
  const found = await settings.of([...users, 'ann', 'ann']);
  assert.deepEqual([found.size, policy.asked.length - before], [200, 1]);
});

test('an entry that the inbox of a connected user delivers is known at once, also before it is in POLICY', async () => {
  const { settings, add } = await gateway();
  assert.equal(await add('ann'), 'everyone');
  settings.noted('ann', entryOf({ privacy: { add: 'nobody' } }, 3));
  assert.equal(await add('ann'), 'nobody');
  settings.noted('ann', entryOf({ profile: { name: 'Ann' } }, 4));
  assert.ok(settings.of(['ann']) instanceof Map, 'an entry about something else changes nothing');
});

test('a read that began before a change is not kept', async () => {
  const { policy, settings, add } = await gateway();
  const held = Promise.withResolvers<void>();
  policy.wait = () => held.promise;
  const reading = settings.of(['ann']);
  policy.wait = () => Promise.resolve();
  await (await gateway(policy)).settings.changed(change('ann', 'nobody', 1));
  settings.noted('ann', entryOf({ invisible: false }, 1));
  held.resolve();
  await reading;
  assert.equal(await add('ann'), 'nobody');
});

test('a change that cannot be written is left to the worker, and counts here meanwhile', async () => {
  const { policy, settings, errors, add } = await gateway();
  policy.up = false;
  await settings.changed(change('ann', 'nobody', 1));
  policy.up = true;
  assert.deepEqual([errors.length, await add('ann')], [1, 'nobody']);
});

test('while POLICY may lack settings MongoDB is asked too, and each setting has its latest value', async () => {
  const read = (add: string, offset: number) =>
    readSettingsEntry({ type: 'me', offset }, { privacy: { add } }) ?? assert.fail();
  for (const isFilled of [true, false]) {
    const { policy, settings, archived, parts, fresh } = await gateway(new MemoryPolicyStore(), !isFilled);
    if (!isFilled) policy.wipe();
    await settings.changed(change('ann', 'friends', 5));
    archived.set('ann', read('nobody', 4));
    archived.set('bob', read('nobody', 4));
    assert.deepEqual([await fresh('ann'), await fresh('bob'), await fresh('eve')], ['friends', 'nobody', 'everyone']);
    parts.archiveUp = false;
    await assert.rejects(fresh('bob'), StoreUnavailable);
  }
  const { parts, policy, fresh } = await gateway();
  parts.archiveUp = false;
  assert.equal(await fresh('bob'), 'everyone', 'POLICY lacks nothing: MongoDB is not asked');
  policy.up = false;
  await assert.rejects(fresh('bob'), ReadFailed);
});
