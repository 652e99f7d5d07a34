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

test('a mention shows in the list of rooms, and highlighted in the room', async t => {
  const [first, second] = cluster.gateways;
  const ann = await person(t, first.url, 'ann');
  const { room } = await ann.act('room.create', { kind: 'group', name: 'Tea', members: ['bob'] });
  const { page } = await openWindow(t, browser);
  const bob = new ChatPage(page);
  await bob.signIn(`http://127.0.0.1:${second.port}/#channel:other`, 'bob');
  await ann.act('message.send', { room, text: 'tea for @bob ?', mentions: ['bob'] });

  const list = page.getByRole('navigation');
  const badge = list.getByLabel('1 message that mentions you');
  await badge.waitFor();
  await list.getByRole('button', { name: 'Tea' }).click();
  await badge.waitFor({ state: 'detached' });
  const row = bob.row('tea for @bob ?');
  await row.locator('.mention', { hasText: /^@bob$/ }).waitFor();
  await row.getByText('mentions you').waitFor();
});
