import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_CHANNEL_BYTES } from '../../../../server/access/names.ts';
import { Policy } from '../../../../server/access/policy.ts';
import type { Action } from '../../../../server/access/room-access.ts';
import { kindsOf } from '../../../../server/contract/room-kind-options.ts';
import type { Moment } from '../../../../server/time/clock.ts';

const policyOf = (roomKinds: string, roomRules = '') => new Policy(kindsOf({ roomKinds, roomRules }));
const policy = policyOf('channel=Open,group=Claim,');
const who = { user: 'alice', expiresAt: Number.POSITIVE_INFINITY as Moment, rooms: ['group:friends', 'club:*'] };
const codeOf = (channel: string, action: Action, rooms = who.rooms) =>
  policy.check({ ...who, rooms }, channel, action)?.error.code ?? 0;
const ACTIONS: readonly Action[] = ['subscribe', 'send', 'presence', 'history'];

for (const { what, channel, code, rooms } of [
  { what: 'a room of an open kind', channel: 'channel:lobby', code: 0 },
  { what: 'a room the token lists', channel: 'group:friends', code: 0 },
  { what: 'a room of a kind the token lists whole', channel: 'group:any', code: 0, rooms: ['group:*'] },
  { what: 'a room the token does not list', channel: 'group:enemies', code: 103 },
  { what: 'a room whose name begins like a listed one', channel: 'group:friends2', code: 103 },
  { what: 'a kind the token lists and nobody declared', channel: 'club:one', code: 102 },
  { what: 'an undeclared kind', channel: 'secret:x', code: 102 },
  { what: 'a kind named like a property of every object', channel: 'constructor:x', code: 102 },
  { what: 'the inbox of another user', channel: 'user:bob', code: 103 },
  { what: 'an inbox listed in the token', channel: 'user:bob', code: 103, rooms: ['user:bob', 'user:*'] },
  { what: 'a name without a kind', channel: 'lobby', code: 102 },
  { what: 'an empty name', channel: 'channel:', code: 102 },
  { what: 'an empty kind', channel: ':lobby', code: 102 },
  { what: 'nothing', channel: '', code: 102 },
  { what: 'a name with a line break', channel: 'channel:a\r\nb', code: 102 },
  { what: 'a name with half a character', channel: 'channel:\ud800', code: 102 },
  { what: 'a name with subject wildcards', channel: 'channel:>.*', code: 0 },
  { what: 'the longest name', channel: `channel:${'é'.repeat((MAX_CHANNEL_BYTES - 9) / 2)}.`, code: 0 },
  { what: 'a name one byte too long', channel: `channel:${'é'.repeat((MAX_CHANNEL_BYTES - 9) / 2)}..`, code: 107 },
]) {
  test(`${what} ${code === 0 ? 'is allowed' : `answers ${code}`} for everything`, () => {
    for (const action of ACTIONS) assert.equal(codeOf(channel, action, rooms), code, action);
  });
}

test('one’s own inbox may be read and written, but not subscribed, because it is already', () => {
  assert.deepEqual(
    ACTIONS.map(action => codeOf('user:alice', action)),
    [105, 0, 0, 0],
  );
});

test('a kind called user cannot open the inboxes', () => {
  const open = policyOf('user=Open');
  assert.equal(open.check(who, 'user:bob', 'history')?.error.code, 103);
});

test('a refusal names the limit', () => {
  assert.match(policy.check(who, `channel:${'x'.repeat(300)}`, 'publish')?.detail ?? '', /channel .* 255 bytes/);
});

for (const { kinds, publish, claimed } of [
  { kinds: 'room=Open', publish: 0, claimed: 0 },
  { kinds: 'room=Claim', publish: 103, claimed: 108 },
  { kinds: 'room=Open/PublishDisabled', publish: 108, claimed: 108 },
  { kinds: 'room=Claim/PublishEnabled', publish: 103, claimed: 0 },
]) {
  test(`with ${kinds} a bare publish is ${publish}, ${claimed} for who has the claim; message.send follows access alone`, () => {
    const by = policyOf(kinds);
    const code = (action: Action, rooms: readonly string[]) =>
      by.check({ ...who, rooms }, 'room:a', action)?.error.code ?? 0;
    assert.deepEqual([code('publish', []), code('publish', ['room:a'])], [publish, claimed]);
    assert.deepEqual([code('send', []), code('send', ['room:*'])], [publish === 103 ? 103 : 0, 0]);
  });
}

test('who may not publish bare is told what to use instead', () => {
  const by = policyOf('room=Open/PublishDisabled');
  assert.match(by.check(who, 'room:a', 'publish')?.detail ?? '', /kind room.*message\.send/);
});

test('rooms of a kind with members answer everybody alike, whether they exist or not', () => {
  const by = policyOf('channel=Open', '{"club":{}}');
  const refusals = ['group:a', 'club:one', 'dm:x', 'club:two'].flatMap(room =>
    ACTIONS.map(action => JSON.stringify(by.check({ ...who, rooms: ['club:*', 'group:a'] }, room, action))),
  );
  assert.equal(new Set(refusals).size, 1);
  assert.match(refusals[0] ?? '', /"code":103,/);
});

test('a channel is open without a declaration, unless other kinds are declared without it', () => {
  assert.equal(policyOf('channel=Open').check(who, 'channel:a', 'send'), null);
  assert.equal(policyOf('team=Open').check(who, 'channel:a', 'send')?.error.code, 102);
});
