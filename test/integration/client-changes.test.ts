import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import type { Message } from '../../client/message.ts';
import type { Room } from '../../client/room.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { until } from '../../tools/support/until.ts';
import { startClient } from '../support/chat/dev-client.ts';
import { startLink } from '../support/chat/link.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const RECOVERY_LIMIT = 20;
const cluster = await startCluster({ after }, await startBackends({ after }), {
  env: { CHAT_DEV_SIGN_IN: 'Enabled', CHAT_RECOVERY_LIMIT: String(RECOVERY_LIMIT) },
});
const [first, second] = cluster.gateways;

let rooms = 0;

/** Bob and carol on the second gateway, and alice behind a link that can be cut. */
async function setUp(t: TestContext) {
  const name = `channel:changes-${rooms++}`;
  const link = await startLink(t, first.port);
  const [bob, carol] = ['bob', 'carol'].map(user => startClient(t, user, second.port).open(name));
  const alice = startClient(t, 'alice', first.port, link.url).open(name);
  assert.ok(bob && carol);
  const away = async () => {
    link.target(null);
    link.cut();
    await until('alice is away', () => alice.status.phase === 'joining');
  };
  /** Sends texts as bob. @returns his messages */
  const say = async (...texts: string[]): Promise<Message[]> => {
    const from = bob.messages.length;
    for (const text of texts) bob.send(text);
    await until(
      'bob has sent everything',
      () => bob.outgoing.length === 0 && bob.messages.length >= from + texts.length,
    );
    return bob.messages.slice(from);
  };
  const settled = (...open: Room[]) =>
    until('all changes are made', () => open.every(room => room.changes.length === 0 && room.outgoing.length === 0), {
      state: () => open.flatMap(room => [...room.changes, ...room.outgoing]),
    });
  /** Waits until rooms show the same messages as bob's, one of them new to a client without any memory. */
  const same = async (...open: Room[]) => {
    const fresh = startClient(t, 'dave', second.port).open(name);
    const shown = [...open, fresh];
    const expected = () => JSON.stringify(bob.messages);
    await until(
      'all show the same',
      async () => {
        while (fresh.history.loaded && !fresh.history.complete && !fresh.history.error) await fresh.loadOlder();
        return shown.every(room => JSON.stringify(room.messages) === expected());
      },
      { state: () => shown.map(room => room.messages.map(({ text, deleted }) => (deleted ? '-' : text)).join()) },
    );
  };
  return { name, alice, bob, carol, away, back: () => link.target(second.port), say, settled, same };
}

test('an empty room of a new chat is loaded, and its list goes on with the first message', async t => {
  const alice = startClient(t, 'alice', first.port);
  const room = alice.open('channel:empty');
  await until('the room is loaded', () => room.history.loaded, { state: () => [alice.connection, room.history] });
  assert.deepEqual([room.messages, room.history.complete], [[], true]);
  const { items, upto } = await alice.call('message.list', { room: 'channel:empty' });
  assert.deepEqual([items, upto], [[], 0]);
  room.send('first');
  await until('the message is there', () => room.messages.length === 1);
});

test('edits, deletes and reactions of an absence come with the recovery', async t => {
  const { alice, bob, carol, away, back, say, settled, same } = await setUp(t);
  const [one, two, three] = await say('one', 'two', 'three');
  assert.ok(one && two && three);
  await until('alice and carol have them', () => [alice, carol].every(room => room.messages.length === 3));
  await away();
  carol.react(three, '👍', true);
  carol.send('four', { replyTo: two });
  await settled(carol);
  bob.edit(one, 'one, edited');
  bob.delete([two]);
  await settled(bob);
  assert.deepEqual(
    alice.messages.map(({ text }) => text),
    ['one', 'two', 'three'],
  );
  back();
  await same(alice, carol);
  assert.deepEqual(
    alice.messages.map(({ text }) => text),
    ['one, edited', '', 'three', 'four'],
  );
  assert.equal(alice.quoted({ offset: two.offset, id: two.id })?.text, '');
});

test('those of an absence beyond the recovery limit come with the pages that are read then', async t => {
  const { alice, bob, carol, away, back, say, settled, same } = await setUp(t);
  const [one, two, three] = await say('one', 'two', 'three');
  assert.ok(one && two && three);
  await until('alice and carol have them', () => [alice, carol].every(room => room.messages.length === 3));
  await away();
  bob.edit(one, 'one, edited');
  bob.delete([two]);
  const missed = await say(...Array.from({ length: 2 * RECOVERY_LIMIT }, (_, index) => `missed ${index}`));
  await until('carol has them', () => carol.messages.length === 3 + missed.length);
  for (const message of missed.slice(0, 5)) carol.react(message, '🎉', true);
  bob.delete(missed.slice(5, 10));
  carol.react(three, '👍', true);
  await settled(bob, carol);
  back();
  await same(alice, carol);
});

test('changes that a client made while away are made when it is back, and others see them', async t => {
  const { alice, bob, carol, away, back, settled, same } = await setUp(t);
  alice.send('mine');
  await until('all have it', () => [alice, bob, carol].every(({ messages }) => messages.length === 1));
  const [mine] = alice.messages;
  assert.ok(mine);
  await away();
  alice.edit(mine, 'mine, edited');
  alice.react(mine, '👍', true);
  bob.react(mine, '👍', true);
  alice.send('a reply', { replyTo: mine });
  assert.equal(alice.messages[0]?.text, 'mine, edited');
  back();
  await settled(alice, bob);
  await same(alice, carol);
  assert.deepEqual(
    bob.messages.map(({ text, reactions }) => [text, reactions[0]?.users.map(({ user }) => user).toSorted()]),
    [
      ['mine, edited', ['alice', 'bob']],
      ['a reply', undefined],
    ],
  );
});
