import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { startBackends, type Teardown } from '../../tools/support/backends.ts';
import { until } from '../../tools/support/until.ts';
import { openWindow, startBrowser } from '../support/browser/browser.ts';
import { ChatPage } from '../support/browser/chat-page.ts';
import { startClient } from '../support/chat/dev-client.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const file: Teardown = { after };
const browser = await startBrowser(file);
const cluster = await startCluster(file, await startBackends(file), {
  env: { CHAT_DEV_SIGN_IN: 'Enabled', CHAT_WEB_PAGE: 'Enabled' },
});
const shots = process.env['SCREENSHOTS'] ?? mkdtempSync(join(tmpdir(), 'chatcluster-screenshots-'));
mkdirSync(shots, { recursive: true });

const port = (index: 0 | 1) => cluster.gateways[index].port;
const shot = (page: Page, name: string) => page.screenshot({ path: join(shots, `${name}.png`) });
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true } as const;

/** A person in a window of the own. `problems` has what went wrong in the page. */
async function enter(t: Teardown, user: string, index: 0 | 1, options: BrowserContextOptions = {}) {
  const { page, problems } = await openWindow(t, browser, options);
  const chat = new ChatPage(page);
  await chat.signIn(`http://127.0.0.1:${port(index)}/`, user);
  await chat.connected();
  const dialog = page.getByRole('dialog').first();
  const button = (name: string | RegExp) => dialog.getByRole('button', { name, exact: true });
  return {
    page,
    chat,
    problems,
    dialog,
    button,
    people: page.getByRole('button', { name: /^People/ }),
    tab: (name: RegExp) => dialog.getByRole('tab', { name }),
    list: (name: string) => dialog.getByRole('list', { name }),
    /** Opens what can be done on a listed person, and chooses. */
    async choose(user: string, act: string) {
      await button(`About ${user}`).first().click();
      await page.getByRole('dialog', { name: user }).getByRole('button', { name: act }).click();
    },
    async close() {
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    },
  };
}

test('two users find each other, become friends, write, block and unblock, each seeing it live', async t => {
  const bobs = startClient(t, 'bob', port(1));
  await bobs.act('profile.set', { name: 'Jörg Bäcker', about: 'Bakes at night.' });
  await until('the worker has written it', async () => (await bobs.people.search('bac')).users.length > 0);
  const [alice, bob] = [await enter(t, 'alice', 0), await enter(t, 'bob', 1)];

  await alice.people.click();
  await alice.dialog.getByText('No friends yet.').waitFor();
  await shot(alice.page, 'people-empty');
  await alice.page.keyboard.type('jorg');
  await alice.button('Add Jörg Bäcker as a friend').click();
  await alice.dialog.getByText('You asked Jörg Bäcker to be friends.').waitFor();
  await shot(alice.page, 'people-found');

  await bob.people.getByLabel('1 friend request').waitFor();
  await bob.people.click();
  await bob.tab(/^Requests \(1\)$/).waitFor();
  await shot(bob.page, 'people-request');
  await bob.button('Accept the request of alice').press('Enter');
  await bob.dialog.getByText('You and alice are friends now.').waitFor();
  await bob.tab(/^Friends$/).click();
  await bob.list('Friends').getByText('alice').waitFor();
  assert.equal(await bob.people.getByLabel('1 friend request').count(), 0);

  await alice.dialog.getByRole('searchbox').fill('');
  await alice.list('Friends').getByText('Jörg Bäcker').waitFor();
  await shot(alice.page, 'people-friends');
  await alice.button('Write to Jörg Bäcker').click();
  await alice.page.getByRole('heading', { level: 1, name: 'bob' }).waitFor();
  assert.equal(await alice.page.getByRole('dialog').count(), 0);
  await alice.chat.say('Fresh bread?');
  await bob.close();
  await bob.page.getByRole('list', { name: 'Direct messages' }).getByRole('button', { name: 'alice' }).click();
  await bob.chat.shows('Fresh bread?');

  await bob.people.click();
  await bob.choose('alice', 'Block');
  await bob.page.getByRole('dialog', { name: 'Block alice?' }).getByRole('button', { name: 'Block' }).click();
  await bob.tab(/^Blocked$/).click();
  await bob.list('Blocked').getByText('alice').waitFor();
  await shot(bob.page, 'people-blocked');
  await bob.close();
  await bob.page.getByText('You block alice, so neither of you can write here.').waitFor();
  await shot(bob.page, 'people-block-room');
  await alice.chat.say('Are you there?');
  await alice.page.getByText('Not sent: you cannot write to this person.').waitFor();
  await shot(alice.page, 'people-refused');
  await alice.people.click();
  await alice.dialog.getByText('No friends yet.').waitFor();
  await alice.page.keyboard.type('bob');
  await alice.button('Add Jörg Bäcker as a friend').or(alice.button('Add bob as a friend')).click();
  await alice.dialog.getByText(/does not allow this\.$/).waitFor();
  await shot(alice.page, 'people-denied');
  await alice.close();

  await bob.people.click();
  await bob.tab(/^Blocked$/).click();
  await bob.button('Unblock alice').click();
  await bob.dialog.getByText('You block nobody.').waitFor();
  await bob.close();
  await bob.chat.say('Here again');
  await alice.chat.shows('Here again');
  await alice.page.getByRole('button', { name: 'Retry' }).click();
  await bob.chat.shows('Here again', 'Are you there?');
  assert.deepEqual([alice.problems, bob.problems], [[], []]);
  t.diagnostic(`screenshots: ${shots}`);
});

test('profile and settings survive a reload and come to the other window, by keyboard and on a phone', async t => {
  const [first, phone] = [await enter(t, 'carol', 0), await enter(t, 'carol', 1, { ...PHONE, colorScheme: 'dark' })];
  await first.page.getByRole('button', { name: 'carol' }).click();
  await first.dialog.getByLabel('Name', { exact: true }).fill('Carol Moor');
  await first.dialog.getByLabel('About you').fill('Counts birds.');
  await first.dialog.getByLabel('Status', { exact: true }).fill('In the reeds');
  await first.dialog.getByLabel('Emoji').fill('🦆');
  await first.button('Save').click();
  await first.dialog.getByText('Saved.').waitFor();
  await shot(first.page, 'people-profile');
  await first.tab(/^Profile$/).press('ArrowRight');
  assert.equal(await first.tab(/^Privacy$/).getAttribute('aria-selected'), 'true');
  const dm = first.dialog.getByLabel('May begin to write to you');
  await until('the settings are read', () => dm.isEnabled());

  await phone.page.getByRole('button', { name: 'Show rooms' }).click();
  await phone.page.getByRole('button', { name: 'Carol Moor' }).waitFor();
  await shot(phone.page, 'people-phone-menu');
  await phone.people.click();
  await phone.tab(/^Privacy$/).click();
  const theirs = phone.dialog.getByLabel('May begin to write to you');
  await until('the settings are read', () => theirs.isEnabled());
  await shot(phone.page, 'people-phone-privacy');
  await dm.selectOption('friends');
  await first.dialog.getByLabel('Show what I have read').uncheck();
  await first.dialog.getByText('Saved.').last().waitFor();
  await until('the phone has them', async () => {
    const receipts = await phone.dialog.getByLabel('Show what I have read').isChecked();
    return (await theirs.inputValue()) === 'friends' && !receipts;
  });
  await shot(first.page, 'people-privacy');
  await first.page.reload();
  await first.people.click();
  await first.tab(/^Privacy$/).click();
  await until('the setting is there', async () => (await dm.inputValue()) === 'friends');
  assert.equal(await first.dialog.getByLabel('Show what I have read').isChecked(), false);
  await first.close();
  assert.equal(await first.people.evaluate(button => button.matches(':focus')), true, 'the focus is back');

  await phone.tab(/^Friends$/).click();
  await phone.dialog.getByRole('searchbox').fill('dave');
  await phone.button('Add dave as a friend').click();
  await phone.dialog.getByText('You asked dave to be friends.').waitFor();
  await shot(phone.page, 'people-phone-found');
  await phone.tab(/^Requests$/).click();
  await shot(phone.page, 'people-phone-requests');
  await phone.tab(/^Profile$/).click();
  await phone.dialog.getByLabel('About you').waitFor();
  await shot(phone.page, 'people-phone-profile');
  assert.deepEqual([first.problems, phone.problems], [[], []]);
});

test('from the list of people a stranger is written to, asked and blocked', async t => {
  const [dora, eli] = [await enter(t, 'dora', 0), startClient(t, 'eli', port(1))];
  eli.people.open();
  await eli.act('profile.set', { name: 'Eli', about: 'Here for tea.' });
  await eli.act('status.set', { text: 'Brewing' });
  const written = async () => (await eli.call('profile.get', { users: ['eli'] })).users[0]?.status !== undefined;
  await until('the worker has written it', written);
  const tea = eli.open('channel:tea');
  await until('eli is there', () => tea.status.phase === 'live');
  // Behind eli: the page need not hear of a join before it asks again who is there.
  await dora.page.goto(`http://127.0.0.1:${port(0)}/#channel:tea`);
  await dora.page.getByRole('button', { name: 'About eli' }).click();
  const about = dora.page.getByRole('dialog', { name: /^(eli|Eli)$/ });
  await about.getByText('Here for tea.').waitFor();
  await about.getByText('Brewing').waitFor();
  await shot(dora.page, 'people-person');
  await about.getByRole('button', { name: 'Add friend' }).click();
  await until('eli is asked', () => eli.people.requests.some(({ user }) => user === 'dora'));
  await eli.people.accept('dora');
  await dora.page.getByRole('button', { name: 'About eli' }).click();
  await dora.page.getByRole('dialog').getByText('Friend', { exact: true }).waitFor();
  await dora.page
    .getByRole('dialog')
    .getByRole('button', { name: /^Write to/ })
    .click();
  await dora.page.getByRole('heading', { level: 1, name: 'eli' }).waitFor();
  await dora.page.getByRole('combobox', { name: 'Language' }).selectOption('zh');
  await dora.page.getByRole('button', { name: '联系人' }).click();
  await dora.list('好友').getByText('Brewing').waitFor();
  await shot(dora.page, 'people-chinese');
  await dora.close();
  await dora.page.getByRole('combobox').selectOption('en');
  await dora.page.getByRole('complementary', { name: 'Members' }).getByRole('button', { name: 'About eli' }).click();
  await dora.page.getByRole('dialog').getByRole('button', { name: 'Block' }).click();
  await dora.page
    .getByRole('dialog', { name: /^Block/ })
    .getByRole('button', { name: 'Block' })
    .click();
  await dora.page.getByText('You block eli, so neither of you can write here.').waitFor();
  assert.deepEqual(dora.problems, []);
});
