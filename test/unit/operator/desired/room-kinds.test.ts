import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RoomKind } from '../../../../operator/api/chat-cluster.ts';
import { reloadableOptions } from '../../../../operator/desired/options.ts';
import { revisionOf } from '../../../../operator/desired/revision.ts';
import { kindsText, rulesText } from '../../../../operator/desired/room-kinds.ts';
import { KIND_NUMBERS, KIND_WORDS, MEMBER_BOUNDS } from '../../../../server/contract/room-kind-fields.ts';
import { kindsOf, kindsProblem } from '../../../../server/contract/room-kind-options.ts';
import { BUILT_IN_KINDS, rulesOf } from '../../../../server/contract/room-kinds.ts';
import { SETTINGS_FILES } from '../../../../server/contract/settings-files.ts';
import { crdSchema, type Schema, stored } from '../../../../tools/support/crd-schema.ts';
import { seeded } from '../../../../tools/support/random.ts';
import { randomKind } from '../../../support/kube/random-kind.ts';

const KIND = crdSchema().properties?.['spec']?.properties?.['rooms']?.properties?.['kinds']?.items as Schema;
const { limits, sizes, ...FIELDS } = KIND.properties ?? {};
const NUMBERS = { limits, sizes };
const optionsOf = (kinds: readonly RoomKind[]) => ({ roomKinds: kindsText(kinds), roomRules: rulesText(kinds) });

test('kinds of a manifest of earlier releases make the option of then alone', () => {
  const kinds: readonly RoomKind[] = [
    { name: 'channel', access: 'Open' },
    { name: 'group', access: 'Claim', publish: 'Enabled' },
  ];
  assert.deepEqual(optionsOf(kinds), { roomKinds: 'channel=Open,group=Claim/PublishEnabled', roomRules: '' });
  assert.deepEqual(Object.keys(reloadableOptions(stored())), [SETTINGS_FILES.version]);
});

test('what older gateways do not know is in an option that they do not read', () => {
  const kinds: readonly RoomKind[] = [
    { name: 'channel', write: 'Staff', limits: { emojiPerMessage: 5 }, sizes: { typing: 5 } },
    { name: 'team', access: 'Claim', publish: 'Enabled', limits: { textCharacters: 100 } },
    { name: 'group', maxMembers: 50, history: 'Joined' },
    { name: 'club' },
  ];
  const { roomKinds, roomRules } = optionsOf(kinds);
  assert.equal(roomKinds, 'channel=Open,team=Claim/PublishEnabled');
  assert.deepEqual(JSON.parse(roomRules), {
    channel: { write: 'Staff', limits: { emojiPerMessage: 5 }, sizes: { typing: 5 } },
    team: { limits: { textCharacters: 100 } },
    group: { access: 'Members', history: 'Joined', maxMembers: 50 },
    club: { access: 'Members' },
  });
});

test('a channel for members alone is not open at older gateways either', () => {
  const { roomKinds, roomRules } = optionsOf([{ name: 'channel', access: 'Members' }]);
  assert.equal(roomKinds, 'user=Open'); // the inboxes, which no option opens
  assert.equal(kindsOf({ roomKinds, roomRules }).get('channel')?.access, 'Members');
});

test('gateways have the kinds that the spec declares, and the built-in ones', () => {
  const random = seeded(44);
  for (let round = 0; round < 500; round++) {
    const names = ['channel', 'group', 'dm', 'team', 'club'].filter(() => random() < 0.5);
    const kinds = names
      .map(name => randomKind(name, random))
      .filter(({ name, ...given }) => {
        return kindsProblem({ roomKinds: '', roomRules: JSON.stringify({ [name]: given }) }) === null;
      });
    const options = optionsOf(kinds);
    const expected = new Map(BUILT_IN_KINDS);
    if (kinds.some(kind => rulesOf(kind.name, kind).access !== 'Members')) expected.delete('channel');
    for (const { name, ...given } of kinds) expected.set(name, rulesOf(name, given));
    // An empty option is not written, and stands for its default.
    const read = kindsOf({ ...options, roomKinds: options.roomKinds || 'channel=Open' });
    assert.deepEqual(new Map([...read].sort()), new Map([...expected].sort()), JSON.stringify(kinds));
  }
});

test('the text of a kind does not change with the order of its fields', () => {
  const one = { name: 'group', maxMembers: 5, limits: { editSeconds: 1, textCharacters: 2 }, join: 'Request' } as const;
  const two = { join: 'Request', limits: { textCharacters: 2, editSeconds: 1 }, maxMembers: 5, name: 'group' } as const;
  assert.equal(rulesText([one]), rulesText([two]));
});

test('kinds can change without new gateways', () => {
  const kinds = [{ name: 'group', maxMembers: 50, limits: { editSeconds: 60 } }];
  assert.equal(revisionOf(stored({ rooms: { kinds } }), 'gateway'), revisionOf(stored(), 'gateway'));
});

test('words and bounds of the CRD are those of the server', () => {
  for (const [field, words] of Object.entries(KIND_WORDS)) assert.deepEqual(FIELDS[field]?.enum, words, field);
  assert.deepEqual([FIELDS['maxMembers']?.minimum, FIELDS['maxMembers']?.maximum], MEMBER_BOUNDS);
  assert.deepEqual(Object.keys(FIELDS).sort(), ['name', 'maxMembers', ...Object.keys(KIND_WORDS)].sort());
  for (const field of ['limits', 'sizes'] as const) {
    const bounds = Object.entries(NUMBERS[field]?.properties ?? {}).map(([name, { minimum, maximum }]) => [
      name,
      [minimum, maximum],
    ]);
    assert.deepEqual(Object.fromEntries(bounds), KIND_NUMBERS[field]);
  }
});

test('descriptions of the CRD say the defaults', () => {
  for (const field of ['limits', 'sizes'] as const)
    for (const [name, value] of Object.entries(BUILT_IN_KINDS.get('channel')?.[field] ?? {}))
      assert.match(NUMBERS[field]?.properties?.[name]?.description ?? '', new RegExp(`Default: ${value}[,.]`));
  const silent = [...Object.keys(KIND_WORDS), 'maxMembers'].filter(
    name => !/Default: /.test(FIELDS[name]?.description ?? ''),
  );
  assert.deepEqual(silent, []);
});
