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

test('a user who is written to has the room in the list under the name of the other, from the first message on', async t => {
  const [first, second] = cluster.gateways;
  const { page, problems } = await openWindow(t, browser, {});
  const alice = new ChatPage(page);
  await alice.signIn(`http://127.0.0.1:${first.port}/`, 'alice');
  await alice.connected();
  const bob = startClient(t, 'bob', second.port);
  const room = await bob.openDm('alice');
  await until('the room of bob is there', () => room.status.phase === 'live');
  const list = page.getByRole('list', { name: 'Direct messages' });
  assert.equal(await list.getByRole('button').count(), 0);

  room.send('Hello, alice');
  await list.getByRole('button', { name: 'bob' }).getByText('Hello, alice').waitFor();
  await list.getByRole('button', { name: 'bob' }).click();
  await page.getByRole('heading', { level: 1, name: 'bob' }).waitFor();
  await alice.shows('Hello, alice');
  await alice.say('Hello, bob');
  await until('bob has it', () => room.messages.at(-1)?.text === 'Hello, bob');
  await until('bob lists alice', () => bob.roomList.rooms.some(({ user }) => user === 'alice'));

  await page.reload();
  await page.getByRole('heading', { level: 1, name: 'bob' }).waitFor();
  assert.equal(await page.getByRole('list', { name: 'Groups' }).getByRole('button').count(), 0);
  assert.deepEqual(problems, []);
});
