import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startBackends, type Teardown } from '../../tools/support/backends.ts';
import { openWindow, startBrowser } from '../support/browser/browser.ts';
import { ChatPage } from '../support/browser/chat-page.ts';
import { startCluster } from '../support/chat/local-chat.ts';
import { person } from '../support/chat/person.ts';

const file: Teardown = { after };
const browser = await startBrowser(file);
const cluster = await startCluster(file, await startBackends(file), {
  env: { CHAT_DEV_SIGN_IN: 'Enabled', CHAT_WEB_PAGE: 'Enabled' },
});

test('a mention is chosen from the list of members, shows in the list of rooms, and highlighted in the room', async t => {
  const [first, second] = cluster.gateways;
  const ann = await person(t, first.url, 'ann');
  await ann.act('room.create', { kind: 'group', name: 'Tea', members: ['ben', 'bob'] });
  const writer = await openWindow(t, browser);
  await new ChatPage(writer.page).signIn(`http://127.0.0.1:${first.port}/#channel:other`, 'ann');
  await writer.page.getByRole('navigation').getByRole('button', { name: 'Tea' }).click();
  const { page } = await openWindow(t, browser);
  const bob = new ChatPage(page);
  await bob.signIn(`http://127.0.0.1:${second.port}/#channel:other`, 'bob');
  const field = writer.page.getByRole('textbox', { name: 'Message to Tea' });
  await field.pressSequentially('tea for @b');
  const option = (name: string, selected: boolean) => writer.page.getByRole('option', { name, selected }).waitFor();
  await option('ben', true);
  await option('bob', false);
  await field.press('ArrowDown');
  await option('bob', true);
  await field.press('Escape');
  await writer.page.getByRole('listbox').waitFor({ state: 'detached' });
  await field.press('Backspace');
  await field.pressSequentially('bo');
  assert.equal(await field.getAttribute('aria-activedescendant'), 'mention-0');
  await field.press('Enter');
  assert.equal(await field.inputValue(), 'tea for @bob ');
  await field.pressSequentially('?');
  await field.press('Enter');

  const list = page.getByRole('navigation');
  const badge = list.getByLabel('1 message that mentions you');
  await badge.waitFor();
  await list.getByRole('button', { name: 'Tea' }).click();
  await badge.waitFor({ state: 'detached' });
  const row = bob.row('tea for @bob ?');
  await row.locator('.mention', { hasText: /^@bob$/ }).waitFor();
  await row.getByText('mentions you').waitFor();
});
