import assert from 'node:assert/strict';
import { after, test } from 'node:test';
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

test('people are found by their names, and added by a click', async t => {
  const [first, second] = cluster.gateways;
  const bob = startClient(t, 'u-17', second.port);
  await bob.act('profile.set', { name: 'Jörg Bäcker' });
  await until('the worker has written it', async () => (await bob.call('user.search', { q: 'bac' })).users.length > 0);
  const { page, problems } = await openWindow(t, browser, {});
  const alice = new ChatPage(page);
  await alice.signIn(`http://127.0.0.1:${first.port}/`, 'alice');
  await alice.connected();
  const room = (await startClient(t, 'alice', first.port).act('room.create', { kind: 'group', name: 'Tea' })).room;
  await page.getByRole('button', { name: 'Tea' }).click();
  await page.getByRole('button', { name: 'Add people' }).click();
  const field = page.getByRole('dialog').getByRole('textbox');
  await field.fill('carol, jorg');
  const found = page.getByRole('list', { name: 'Matching users' }).getByRole('button', { name: 'Jörg Bäcker' });
  await found.waitFor();
  await found.click();
  assert.equal(await field.inputValue(), 'carol, u-17');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await until('bob is a member', () => bob.roomList.rooms.some(each => each.room === room));
  assert.deepEqual(problems, []);
});
