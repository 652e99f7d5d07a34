import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rulesProblem } from '../../../../server/contract/room-kind-fields.ts';
import { type KindOptions, kindsOf, kindsProblem } from '../../../../server/contract/room-kind-options.ts';
import { BUILT_IN_KINDS, DEFAULTS_BY_ACCESS } from '../../../../server/contract/room-kinds.ts';
import { type ConfigError, loadConfig, reloadConfig } from '../../../../server/settings/config.ts';
import { testConfig } from '../../../support/chat/test-chat.ts';

const options = (rules: object = {}, roomKinds = 'channel=Open'): KindOptions => ({
  roomKinds,
  roomRules: JSON.stringify(rules),
});
const kind = (name: string, rules?: object, roomKinds?: string) => kindsOf(options(rules, roomKinds)).get(name);

test('the built-in kinds are channel, group, dm, system and the inbox', () => {
  assert.deepEqual(kindsOf(testConfig()), BUILT_IN_KINDS);
  assert.deepEqual([...BUILT_IN_KINDS.keys()], ['channel', 'group', 'dm', 'system', 'user']);
  const limits = { textCharacters: 8_000, editSeconds: 86_400, deleteSeconds: 172_800, emojiPerMessage: 20 };
  const sizes = { typing: 100, receipts: 100, presence: 100, mentionAll: 1_000 };
  for (const [name, rules] of BUILT_IN_KINDS)
    if (name !== 'system') assert.deepEqual([rules.limits, rules.sizes], [limits, sizes]);
});

test('a declared kind of a built-in name changes only the fields that it gives', () => {
  const group = BUILT_IN_KINDS.get('group');
  assert.deepEqual(kind('group', { group: { maxMembers: 50, limits: { editSeconds: 900 } } }), {
    ...group,
    maxMembers: 50,
    limits: { ...group?.limits, editSeconds: 900 },
  });
  assert.deepEqual(kind('channel', { channel: { write: 'Staff', sizes: { typing: 0 } } }), {
    ...BUILT_IN_KINDS.get('channel'),
    write: 'Staff',
    sizes: { typing: 0, receipts: 100, presence: 100, mentionAll: 1_000 },
  });
});

test('manifests of earlier releases keep their meaning, whatever the name is', () => {
  for (const name of ['channel', 'group', 'dm', 'team']) {
    for (const access of ['Open', 'Claim'] as const) {
      assert.deepEqual(kind(name, {}, `${name}=${access}`), DEFAULTS_BY_ACCESS[access]);
      assert.equal(kind(name, {}, `${name}=${access}/PublishEnabled`)?.publish, 'Enabled');
      assert.equal(kind(name, {}, `${name}=${access}/PublishDisabled`)?.publish, 'Disabled');
    }
  }
  assert.equal(kind('channel', {}, 'team=Open'), undefined);
  for (const name of ['user', 'system']) assert.deepEqual(kind(name, {}, `${name}=Open`), BUILT_IN_KINDS.get(name));
});

test('a new kind without access has members, the narrowest', () => {
  assert.deepEqual(kind('club', { club: {} }), DEFAULTS_BY_ACCESS.Members);
});

test('the rules win over the kinds', () => {
  const rules = { team: { access: 'Members', publish: 'Enabled' } };
  assert.deepEqual(kind('team', rules, 'team=Claim'), { ...DEFAULTS_BY_ACCESS.Members, publish: 'Enabled' });
});

test('fields and limits of a newer release are ignored', () => {
  const rules = { group: { slowSeconds: 5, limits: { pins: 9 }, sizes: { joins: 5 } } };
  assert.equal(rulesProblem(JSON.stringify(rules)), null);
  assert.deepEqual(kind('group', rules), BUILT_IN_KINDS.get('group'));
});

for (const { rules, problem } of [
  { rules: { group: { access: 'Some' } }, problem: 'group.access must be one of Open, Claim, Members, got "Some"' },
  { rules: { group: { join: 1 } }, problem: 'group.join must be one of Anyone, Request, Invite, got 1' },
  { rules: { group: { maxMembers: -1 } }, problem: 'group.maxMembers must be an integer from 0 to 1000000, got -1' },
  {
    rules: { group: { limits: { textCharacters: 0.5 } } },
    problem: 'group.limits.textCharacters must be an integer from 1 to 1000000, got 0.5',
  },
  { rules: { group: { limits: 3 } }, problem: 'group.limits must be an object' },
  { rules: { group: { sizes: [] } }, problem: 'group.sizes must be an object' },
  {
    rules: { group: { sizes: { typing: 1_001 } } },
    problem: 'group.sizes.typing must be an integer from 0 to 1000, got 1001',
  },
  { rules: { user: {} }, problem: "user is the kind of the users' inboxes and cannot be declared" },
  { rules: { Team: {} }, problem: 'the name "Team" must match ^[a-z][a-z0-9]{0,31}$' },
  { rules: { group: null }, problem: 'must be a JSON object with an object for each kind' },
  { rules: [], problem: 'must be a JSON object with an object for each kind' },
]) {
  test(`rules ${JSON.stringify(rules)} are refused with the field and its limit`, () => {
    assert.equal(rulesProblem(JSON.stringify(rules)), problem);
  });
}

test('all problems are listed, and text that is no JSON is one', () => {
  const problems = rulesProblem('{"group":{"join":"No","invite":"All","maxMembers":"2"},"dm":{"create":1}}');
  assert.equal(problems?.split('; ').length, 4);
  assert.match(rulesProblem('{group') ?? '', /JSON/);
});

for (const { name, rules, field } of [
  { name: 'team', rules: { access: 'Open', maxMembers: 5 }, field: 'maxMembers' },
  { name: 'team', rules: { access: 'Claim', history: 'Joined' }, field: 'history' },
  { name: 'channel', rules: { join: 'Request' }, field: 'join' },
  { name: 'group', rules: { write: 'Everyone' }, field: 'write' },
  { name: 'dm', rules: { create: 'Anyone' }, field: 'create' },
  { name: 'dm', rules: { join: 'Request' }, field: 'join' },
  { name: 'dm', rules: { maxMembers: 3 }, field: 'maxMembers' },
]) {
  test(`a ${name} with ${JSON.stringify(rules)} makes no sense: the problem names ${field}`, () => {
    assert.match(kindsProblem(options({ [name]: rules })) ?? '', new RegExp(`^${name}\\.${field} must be `));
  });
}

test('a dm whose access is Claim is a kind as in earlier releases', () => {
  assert.equal(kindsProblem(options({}, 'dm=Claim')), null);
});

test('a process does not start with bad rules, and a running one keeps its own', () => {
  const env = { CHAT_ROOM_KINDS: 'team=Open', CHAT_ROOM_RULES: '{"team":{"maxMembers":5}}' };
  assert.throws(
    () => testConfig(env),
    (error: ConfigError) =>
      /^CHAT_ROOM_RULES: team\.maxMembers must be 0 with access Open/.test(error.problems[0] ?? ''),
  );
  const good = testConfig({ CHAT_ROOM_KINDS: 'team=Claim' });
  const { changed, problems } = reloadConfig('gateway', good, {}, new Map(Object.entries(env)));
  assert.deepEqual([changed, problems.length], [{}, 1]);
  assert.throws(() => loadConfig('gateway', { CHAT_ROOM_RULES: '{"a":{"access":"x"}}' }), /CHAT_ROOM_RULES: a\.access/);
});
