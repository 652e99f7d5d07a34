import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { ParamsOf, VerbName } from '../../client/verbs.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { nextId } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { startCluster } from '../support/chat/local-chat.ts';
import { type Person, person } from '../support/chat/person.ts';

const backends = await startBackends({ after });

/** Answer to a call, also one that fails, as the client gets it. */
async function answer<V extends VerbName>(who: Person, verb: V, params: Omit<ParamsOf<V>, 'id'>): Promise<unknown> {
  return await who.act(verb, params as never).catch(({ code, message }) => ({ code, message }));
}

const STAGES = ['before', 'blocked', 'after'] as const;
/** Outcomes that are waited for: workers write, caches are told, and events may be lost. */
const LATE: ReadonlySet<string> = new Set([
  'presence.watch',
  'bob writes',
  'ann writes',
  'bob searches',
  'ann sees bob type',
  'bob sees ann type',
  'ann counts bob',
]);

type Stage = (typeof STAGES)[number];

test('ann blocks bob: none of what they do reaches the other, bob sees what anybody sees of a user who allows nothing, and the unblock restores all', async t => {
  const cluster = await startCluster(t, backends);
  await until('POLICY lacks nothing', () => cluster.policyComplete());
  const [first, second] = cluster.gateways;
  const on = { ann: first, bob: second, eve: second, fay: first } as const;
  const people = await Promise.all(Object.entries(on).map(([user, { url }]) => person(t, url, user)));
  const [ann, bob, eve, fay] = people as [Person, Person, Person, Person];
  await Promise.all(people.map(each => each.connected()));
  await ann.act('profile.set', { name: 'Ann Tea' });
  await bob.act('profile.set', { name: 'Bob Tea' });
  const { room: direct } = await bob.act('dm.open', { user: 'ann' });
  // A room of its own for each stage: who types is shown once in some seconds.
  const shared = {} as Record<Stage, string>;
  const types: string[] = [];
  for (const stage of STAGES) {
    const { room } = await eve.act('room.create', { kind: 'group', members: ['ann', 'bob', 'fay'] });
    shared[stage] = room;
    for (const reader of [ann, bob]) {
      const subscription = await reader.subscribe(room);
      subscription.on('publication', ({ tags, data }) => {
        const { user, type } = reader.value(data) as { readonly user?: string; readonly type?: string };
        if (tags?.['type'] === 'typing' || type === 'typing') types.push(`${stage}: ${reader.user} sees ${user}`);
      });
    }
  }

  const nobody = 'nobody' as const;
  await fay.act('settings.set', {
    privacy: { dm: nobody, add: nobody, invite: nobody, presence: nobody, request: nobody },
  });

  /** Ways of bob to reach a user, with the outcome of each. */
  const reaching: Readonly<Record<string, (user: string) => Promise<unknown>>> = {
    'dm.open': user => answer(bob, 'dm.open', { user }),
    'room.create': async user => (await bob.act('room.create', { kind: 'group', members: [user] })).users,
    'room.add': async user => {
      const { room } = await bob.act('room.create', { kind: 'group' });
      return await answer(bob, 'room.add', { room, users: [user] });
    },
    'room.invite': async user => {
      const { room } = await bob.act('room.create', { kind: 'group' });
      return await answer(bob, 'room.invite', { room, users: [user] });
    },
    'presence.watch': async user => {
      await bob.act('presence.unwatch', { users: [user] });
      return await answer(bob, 'presence.watch', { users: [user] });
    },
  };
  /** All that the block is about, as it is in a stage. */
  const checks: Readonly<Record<string, (stage: Stage) => Promise<unknown>>> = {
    ...Object.fromEntries(Object.entries(reaching).map(([name, reach]) => [name, () => reach('ann')])),
    'bob writes': stage => bob.code('message.send', { room: direct, text: stage }),
    'ann writes': stage => ann.code('message.send', { room: direct, text: stage }),
    'bob searches': async () => (await bob.act('user.search', { q: 'tea' })).users.map(({ user }) => user),
    'ann sees bob type': stage => typing(stage, bob, eve, ann),
    'bob sees ann type': stage => typing(stage, ann, fay, bob),
    'ann counts bob': async stage => (await ann.act('unread', { rooms: [shared[stage]] })).items[0]?.n,
  };
  /** True if a user is seen to type, false if only another one is, who typed later on the same gateway. */
  async function typing(stage: Stage, who: Person, later: Person, reader: Person): Promise<boolean> {
    const by = ({ user }: Person) => types.includes(`${stage}: ${reader.user} sees ${user}`);
    await until(`${reader.user} sees ${later.user} type`, async () => {
      for (const each of [who, later]) await each.act('typing.set', { room: shared[stage], on: true });
      return by(later);
    });
    return by(who);
  }
  async function check(stage: Stage, wanted: Readonly<Record<string, unknown>>): Promise<void> {
    await bob.send(shared[stage], 'hello, all', nextId());
    assert.deepEqual(Object.keys(checks).sort(), Object.keys(wanted).sort());
    for (const [name, run] of Object.entries(checks)) {
      let seen = await run(stage);
      const isLate = LATE.has(name);
      const isSeen = () => JSON.stringify(seen) === JSON.stringify(wanted[name]);
      if (isLate && !isSeen())
        await until(
          `${name} is as ${stage}`,
          async () => {
            seen = await run(stage);
            return isSeen();
          },
          { state: () => seen },
        );
      assert.deepEqual(seen, wanted[name], `${name}, ${stage}`);
    }
  }

  const free = {
    'dm.open': { room: direct },
    'room.create': { ann: 'added' },
    'room.add': { users: { ann: 'added' }, cv: 2, duplicate: false },
    'room.invite': { users: { ann: 'invited' }, cv: 2, duplicate: false },
    'presence.watch': { states: [{ user: 'ann', state: 'active' }] },
    'bob writes': 0,
    'ann writes': 0,
    'bob searches': ['ann', 'bob'],
    'ann sees bob type': true,
    'bob sees ann type': true,
    'ann counts bob': 1,
  };
  await check('before', free);
  await ann.act('block.add', { user: 'bob' });
  const ofFay = async (name: string): Promise<unknown> =>
    JSON.parse(JSON.stringify(await reaching[name]?.('fay')).replaceAll('"fay"', '"ann"'));
  const refused = Object.fromEntries(
    await Promise.all(Object.keys(reaching).map(async name => [name, await ofFay(name)] as const)),
  );
  for (const [name, outcome] of Object.entries(refused)) assert.notDeepEqual(outcome, free[name as keyof typeof free]);
  await check('blocked', {
    ...free,
    ...refused,
    'bob writes': 103,
    'ann writes': 409,
    'bob searches': ['bob'],
    'ann sees bob type': false,
    'bob sees ann type': false,
    'ann counts bob': 0,
  });
  await ann.act('block.remove', { user: 'bob' });
  await check('after', free);
  // What bob's gateway took before it knew of the block does not count.
  const { items } = await ann.act('message.list', { room: direct });
  const texts = new Set(items.map(({ text }) => text));
  assert.deepEqual([...texts], ['before', 'after']);
});
