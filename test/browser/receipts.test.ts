import { after, test } from 'node:test';
import { startBackends, type Teardown } from '../../tools/support/backends.ts';
import { openWindow, startBrowser } from '../support/browser/browser.ts';
import { ChatPage } from '../support/browser/chat-page.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const file: Teardown = { after };
const browser = await startBrowser(file);
const cluster = await startCluster(file, await startBackends(file), {
  env: { CHAT_DEV_SIGN_IN: 'Enabled', CHAT_WEB_PAGE: 'Enabled' },
});

const pageAt = (index: 0 | 1) => `http://127.0.0.1:${cluster.gateways[index].port}/#channel:receipts`;

test('a message that another person looks at, on another gateway, is shown as read, also after a reload', async t => {
  const windows = [await openWindow(t, browser), await openWindow(t, browser)] as const;
  const [alice, bob] = [new ChatPage(windows[0].page), new ChatPage(windows[1].page)];
  await alice.signIn(pageAt(0), 'alice');
  await alice.connected();
  await alice.say('Lunch?');
  await bob.signIn(pageAt(1), 'bob');
  await bob.shows('Lunch?');
  const read = alice.page.getByText('Read by bob');
  await read.waitFor();
  await alice.page.reload();
  await alice.shows('Lunch?');
  await read.waitFor();
  await bob.say('Gladly');
  await alice.shows('Gladly');
  await read.waitFor({ state: 'detached' });
});
