import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { startCluster } from '../support/chat/local-chat.ts';
import { person } from '../support/chat/person.ts';

const backends = await startBackends({ after });
const A_DAY_MS = 86_400_000;

test('a gateway whose clock is days ahead ends no ban and no mute, and makes a room forget no cut', async t => {
  const { gateways, policy } = await startCluster(t, backends, { aheadMs: [0, 8 * A_DAY_MS] });
  const [right, ahead] = gateways;
  const ann = await person(t, right.url, 'ann');
  const late = await person(t, ahead.url, 'ann');
  const [bob, eve] = [await person(t, ahead.url, 'bob'), await person(t, ahead.url, 'eve')];
  const { room } = await ann.act('room.create', { kind: 'group', name: 'Tea', members: ['bob', 'eve'] });
  const until = Date.now() + A_DAY_MS;
  await ann.act('room.ban', { room, user: 'bob', until });
  await ann.act('room.mute', { room, user: 'eve', until });
  const cuts = async () => (await policy({ room }))?.cuts.map(({ user }) => user);
  assert.deepEqual(await cuts(), ['bob', 'eve']);
  await late.act('room.update', { room, name: 'Coffee' });
  assert.deepEqual(await cuts(), ['bob', 'eve']);
  assert.equal((await ann.act('room.get', { room })).name, 'Coffee');
  assert.equal(await bob.code('message.send', { room, text: 'still banned' }), 103);
  assert.equal(await eve.code('message.send', { room, text: 'still muted' }), 423);
  await late.act('room.mute', { room, user: 'eve', until: until + 1_000 });
});
