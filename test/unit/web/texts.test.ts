import assert from 'node:assert/strict';
import { test } from 'node:test';
import { en } from '../../../web/src/i18n/en.ts';
import { calendarDaysBetween, chooseLanguage, LANGUAGES, Texts } from '../../../web/src/i18n/language.ts';

const placeholders = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).sort();

for (const [tag, { strings }] of Object.entries(LANGUAGES)) {
  test(`the language ${tag} has every text, with the same placeholders as English`, () => {
    assert.deepEqual(Object.keys(strings).sort(), Object.keys(en).sort());
    for (const [key, text] of Object.entries(strings)) {
      assert.notEqual(text.trim(), '', key);
      assert.deepEqual(placeholders(text), placeholders(en[key as keyof typeof en]), key);
    }
  });
}

test('the language is the first wanted one that there is', () => {
  assert.equal(chooseLanguage(['fr-FR', 'zh-Hant-TW', 'en']), 'zh');
  assert.equal(chooseLanguage(['en-GB', 'zh']), 'en');
  assert.equal(chooseLanguage(['fr']), 'en');
  assert.equal(chooseLanguage([]), 'en');
});

test('numbers choose their form and are written as the language does', () => {
  const english = new Texts('en');
  assert.equal(english.count('messages.jumpNew', 1), '1 new message');
  assert.equal(english.count('messages.jumpNew', 1_234), '1,234 new messages');
  assert.equal(new Texts('zh').count('messages.jumpNew', 1), '1 条新消息');
});

test('values are put in as they are, also when they look like placeholders', () => {
  assert.equal(new Texts('en').text('messages.announce', { user: '{text}', text: '$& {user}' }), '{text}: $& {user}');
});

test('refusals are explained, unknown ones with the words of the server', () => {
  const english = new Texts('en');
  assert.equal(english.reason(103, 'permission denied by policy'), 'permission denied');
  assert.equal(english.reason(107, 'text is empty'), 'the server did not accept the message (text is empty)');
  assert.equal(english.reason(1_234, 'slow mode'), 'slow mode (code 1234)');
});

test('days are told by midnights, not by hours', () => {
  const now = new Date(2026, 10, 21, 0, 30).getTime();
  const english = new Texts('en');
  assert.equal(english.day(new Date(2026, 10, 21, 0, 5).getTime(), now), 'Today');
  assert.equal(english.day(new Date(2026, 10, 20, 23, 55).getTime(), now), 'Yesterday');
  assert.equal(english.day(new Date(2026, 10, 19, 23, 55).getTime(), now), 'Thursday, November 19');
  assert.equal(english.day(new Date(2024, 1, 29).getTime(), now), 'February 29, 2024');
  assert.equal(calendarDaysBetween(new Date(2026, 0, 1).getTime(), new Date(2027, 0, 1).getTime()), 365);
});
