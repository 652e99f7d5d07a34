import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PresentMember } from '../../../../server/presence/gather.ts';
import { mergedState, stateOf } from '../../../../server/presence/states.ts';
import { WatchedUser } from '../../../../server/presence/watched-user.ts';
import { type Entry, StatePushes, visible, type Watch } from '../../../../server/presence/watching.ts';
import { jsonCodec } from '../../../../server/protocol/json.ts';
import { protobufCodec } from '../../../../server/protocol/protobuf.ts';
import type { Member } from '../../../../server/room/member.ts';

const CODECS = { json: jsonCodec, protobuf: protobufCodec } as const;

const device = (gateway: string, isBackground = false): PresentMember => ({
  client: crypto.randomUUID(),
  user: 'bob',
  gateway,
  isBackground,
});

test('a user is active if one device is in front of the user, away if none is, and offline without devices', () => {
  assert.equal(stateOf([]), 'offline');
  assert.equal(stateOf([{ isBackground: true }]), 'away');
  assert.equal(stateOf([{ isBackground: true }, {}, { isBackground: true }]), 'active');
  assert.equal(mergedState(['offline', 'away']), 'away');
  assert.equal(mergedState(['active', 'away', 'offline']), 'active');
  assert.equal(mergedState([]), 'offline');
});

test('the states of all gateways count together, the last word of each', () => {
  const bob = new WatchedUser();
  bob.heard({ gateway: 'a', state: 'away' });
  bob.heard({ gateway: 'b', state: 'active' });
  assert.equal(bob.state, 'active');
  bob.heard({ gateway: 'b', state: 'offline' });
  assert.equal(bob.state, 'away');
  bob.gone('a');
  assert.equal(bob.state, 'offline');
});

test('an answer replaces what events said before the question, and not what they said after it', () => {
  const bob = new WatchedUser();
  bob.heard({ gateway: 'lost', state: 'active' });
  bob.asking();
  bob.heard({ gateway: 'b', state: 'offline' });
  bob.answered([device('b'), device('c', true)], false);
  assert.equal(bob.state, 'away');
  bob.asking();
  bob.answered([], true);
  assert.equal(bob.state, 'away', 'a gateway did not answer: what is known of it stays');
  bob.asking();
  bob.answered([], false);
  assert.equal(bob.state, 'offline');
});

test('only whom settings and acquaintance allow sees the state, and each user the own one', () => {
  const table = [
    ['everyone', 'friend', 'active'],
    ['everyone', 'known', 'active'],
    ['everyone', null, 'offline'],
    ['friends', 'friend', 'active'],
    ['friends', 'known', 'offline'],
    ['friends', null, 'offline'],
    ['nobody', 'friend', 'offline'],
    [null, 'friend', 'offline'],
  ] as const;
  for (const [audience, acquaintance, state] of table) {
    const entry = { user: 'bob', audience, isInvisible: false, shown: 'active', lastSeen: 60_000 } as const;
    const gone = visible({ user: 'ann' }, { ...entry, shown: 'offline' }, { acquaintance });
    assert.equal(gone.lastSeen, state === 'active' ? 60_000 : undefined);
    const invisible = visible({ user: 'ann' }, { ...entry, isInvisible: true }, { acquaintance });
    assert.deepEqual(invisible, gone, 'an invisible user cannot be told from one who is offline');
    assert.equal(visible({ user: 'ann' }, entry, { acquaintance }).state, state, `${audience} ${acquaintance}`);
  }
  const own = { user: 'bob', audience: 'nobody', isInvisible: true, shown: 'away', lastSeen: 0 } as const;
  assert.equal(visible({ user: 'bob' }, own, { acquaintance: null }).state, 'away');
});

test('a state that an overloaded gateway does not push is pushed once it is not overloaded', () => {
  const pushed: string[] = [];
  let drops = true;
  const pushes = new StatePushes({ codecs: CODECS, pushed: () => pushed.push('bob'), drops: () => drops });
  const frames: unknown[] = [];
  const member = { isBackground: false, encoding: 'json', offer: (frame: unknown) => frames.push(frame) > 0 };
  const watch: Watch = { acquaintance: 'friend', told: 'offline' };
  const watching = { user: 'ann', member: member as unknown as Member, users: new Map([['bob', watch]]) };
  const entry = { user: 'bob', shown: 'active', audience: 'everyone' } as Entry;
  pushes.push(watching, entry);
  assert.deepEqual([frames.length, watch.told], [0, 'offline']);
  drops = false;
  pushes.push(watching, entry);
  assert.deepEqual([frames.length, watch.told, pushed], [1, 'active', ['bob']]);
});
