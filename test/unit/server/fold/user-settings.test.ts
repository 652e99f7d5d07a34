import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type GivenSettings,
  mergedSettings,
  NO_SETTINGS,
  PRIVACY_VALUES,
  readGivenSettings,
  readSettingsEntry,
  settingsFrom,
} from '../../../../server/fold/user-settings.ts';
import { integer, pick } from '../../../../tools/support/random.ts';

import { anyJson, fuzz, type Random } from '../../../support/fuzz/fuzz.ts';

const NAMES = Object.keys(PRIVACY_VALUES) as (keyof typeof PRIVACY_VALUES)[];

/** Entries `me` of one inbox, ascending by offset, each with some of the settings. */
function anyEntries(random: Random): GivenSettings[] {
  let offset = 0;
  return Array.from({ length: integer(random, 8) }, () => {
    offset += 1 + integer(random, 3);
    const some = NAMES.filter(() => random() < 0.4);
    const privacy = Object.fromEntries(some.map(name => [name, pick<string>(random, PRIVACY_VALUES[name])]));
    return readSettingsEntry({ type: 'me', offset }, { privacy, invisible: random() < 0.5 }) ?? assert.fail();
  });
}

const shuffled = <T>(random: Random, items: readonly T[]): T[] =>
  items
    .map(item => [random(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);

fuzz(
  'changes give the same settings in whatever order, as often and in as many places they come',
  [1, 2],
  300,
  random => {
    const entries = anyEntries(random);
    const whole = entries.reduce(mergedSettings, NO_SETTINGS);
    const part = shuffled(
      random,
      entries.filter(() => random() < 0.5),
    ).reduce(mergedSettings, NO_SETTINGS);
    const stored = readGivenSettings(JSON.parse(JSON.stringify(part))) ?? assert.fail();
    const again = shuffled(random, [...entries, ...entries.filter(() => random() < 0.5)]);
    assert.deepEqual(again.reduce(mergedSettings, stored), whole);
    assert.equal(mergedSettings(whole, part), whole, 'what is known changes nothing');
  },
);

fuzz('no body breaks the readers, and no value that does not exist is read', [3], 300, random => {
  const entry = readSettingsEntry({ type: 'me', offset: 1 }, anyJson(random));
  const read = settingsFrom(mergedSettings(readGivenSettings(anyJson(random)) ?? NO_SETTINGS, entry ?? NO_SETTINGS));
  for (const name of NAMES) assert.ok((PRIVACY_VALUES[name] as readonly string[]).includes(read.privacy[name]));
});

test('settings that were never changed allow everything', () => {
  assert.deepEqual(settingsFrom(NO_SETTINGS), {
    privacy: {
      dm: 'everyone',
      add: 'everyone',
      invite: 'everyone',
      request: 'everyone',
      presence: 'everyone',
      receipts: 'on',
    },
    invisible: false,
  });
});

test('an entry changes the settings that it names with a value that exists, and no other', () => {
  const at = { type: 'me', offset: 7 };
  assert.deepEqual(readSettingsEntry(at, { privacy: { add: 'friends', dm: 'all', constructor: 1 }, invisible: null }), {
    add: { at: 7, value: 'friends' },
  });
  assert.deepEqual(readSettingsEntry(at, { invisible: true }), { invisible: { at: 7, value: true } });
  assert.equal(readSettingsEntry(at, { privacy: { request: 'friends' } }), null);
  assert.equal(readSettingsEntry(at, { privacy: null }), null);
  assert.equal(readSettingsEntry({ ...at, type: 'contact' }, { invisible: true }), null);
});
