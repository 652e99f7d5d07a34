import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { startCluster } from '../support/chat/local-chat.ts';
import { type Person, person } from '../support/chat/person.ts';

const backends = await startBackends({ after });
const env = {
  CHAT_ROOM_RULES: '{"circle":{"access":"Members","join":"Anyone","create":"Anyone","history":"Joined"}}',
};

/** Two users, each on a gateway of its own. */
async function onTwoGateways(t: TestContext) {
  const { gateways } = await startCluster(t, backends, { env });
  return { ann: await person(t, gateways[0].url, 'ann'), bob: await person(t, gateways[1].url, 'bob') };
}

/** Texts that a subscription recovers above the first entry of a room. */
async function recovered({ sdk, value }: Person, room: string, epoch: string): Promise<readonly unknown[]> {
  const texts: unknown[] = [];
  const subscription = sdk.newSubscription(room, { since: { offset: 1, epoch } });
  subscription.on('publication', ({ data }) => texts.push((value(data) as { text?: string }).text));
  subscription.subscribe();
  await subscription.ready();
  return texts.filter(Boolean);
}

test('a member who was kicked reads nothing that was stored after it, on any gateway', async t => {
  const { ann, bob } = await onTwoGateways(t);
  const { room } = await ann.act('room.create', { kind: 'group', name: 'Tea', members: ['bob'] });
  await ann.send(room, 'before');
  assert.equal((await bob.act('message.list', { room })).items.length, 1); // bob's gateway knows the room now; it is not open there
  await ann.act('room.kick', { room, user: 'bob' });
  await ann.send(room, 'secret');
  const list = await bob.act('message.list', { room }).then(
    ({ items }) => items.map(({ text }) => text),
    () => 'refused',
  );
  const history = await bob.sdk.history(room, { limit: 10 }).then(
    ({ publications }) => publications.map(({ data }) => JSON.stringify(data)),
    () => 'refused',
  );
  assert.deepEqual([list, history], ['refused', 'refused']);
});

test('nothing of the time between a kick and a new join is shown', async t => {
  const { ann, bob } = await onTwoGateways(t);
  const { room } = await ann.act('room.create', { kind: 'circle', name: 'Tea', members: ['bob'] });
  await ann.send(room, 'before');
  assert.equal((await bob.act('message.list', { room })).items.length, 1);
  await ann.act('room.kick', { room, user: 'bob' });
  const { epoch } = await ann.send(room, 'between');
  await ann.act('room.add', { room, users: ['bob'] });
  await ann.send(room, 'after');
  assert.deepEqual(await recovered(bob, room, epoch), ['after']);
});

test('a user who was refused a moment ago, and is a member now, reads nothing from before the join', async t => {
  const { ann, bob } = await onTwoGateways(t);
  const { room } = await ann.act('room.create', { kind: 'circle', name: 'Tea' });
  await ann.send(room, 'before');
  assert.equal(await bob.code('message.list', { room }), 103); // bob's gateway has the state without him now
  await ann.act('room.add', { room, users: ['bob'] });
  await ann.send(room, 'after');
  const list = (await bob.act('message.list', { room })).items.map(({ text }) => text);
  assert.deepEqual(list, ['after']);
});

test('a subscription of a user who was refused a moment ago, and is a member now, recovers nothing from before the join', async t => {
  const { ann, bob } = await onTwoGateways(t);
  const { room } = await ann.act('room.create', { kind: 'circle', name: 'Tea' });
  const { epoch } = await ann.send(room, 'before');
  assert.equal(await bob.code('message.list', { room }), 103);
  await ann.act('room.add', { room, users: ['bob'] });
  await ann.send(room, 'after');
  assert.deepEqual(await recovered(bob, room, epoch), ['after']);
});
