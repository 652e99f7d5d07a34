import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
await until('POLICY lacks nothing', () => cluster.policyComplete());
const shots = process.env['SCREENSHOTS'] ?? mkdtempSync(join(tmpdir(), 'chatcluster-screenshots-'));
mkdirSync(shots, { recursive: true });

/** Script that lets a page be visible to its user, or hidden. */
const visibility = (state: 'visible' | 'hidden') =>
  `Object.defineProperty(document, 'visibilityState', { value: '${state}', configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));`;

test('the page shows who is there in the list and among members, and tells others when it is hidden', async t => {
  const [first, second] = cluster.gateways;
  const { page, problems } = await openWindow(t, browser, {});
  const alice = new ChatPage(page);
  await alice.signIn(`http://127.0.0.1:${first.port}/`, 'alice');
  await alice.connected();
  const bob = startClient(t, 'bob', second.port);
  const direct = await bob.openDm('alice');
  direct.send('Hello, alice');
  await bob.act('room.create', { kind: 'group', name: 'Tea', members: ['alice'] });
  const row = page.getByRole('list', { name: 'Direct messages' }).getByRole('button', { name: 'bob' });
  const isState = async (state: string) => (await row.getAttribute('data-state')) === state;
  await row.waitFor();
  await until('bob is online in the list', () => isState('active'));
  assert.equal(await row.getAttribute('title'), 'Online');
  await page.getByRole('list', { name: 'Groups' }).getByRole('button', { name: 'Tea' }).click();
  const member = page.getByRole('complementary', { name: 'Members' }).locator('.person', { hasText: 'bob' });
  await until('bob is online among the members', async () => (await member.getAttribute('data-state')) === 'active');
  await page.screenshot({ path: join(shots, 'presence.png') });
  bob.setState('background');
  await until('bob is away in the list', () => isState('away'));
  await page.screenshot({ path: join(shots, 'presence-away.png') });

  bob.states.of('alice');
  await until('bob sees alice', () => bob.states.of('alice')?.state === 'active');
  bob.setState('active');
  await page.evaluate(visibility('hidden'));
  await until('alice is away', () => bob.states.of('alice')?.state === 'away');
  await page.evaluate(visibility('visible'));
  await until('alice is back', () => bob.states.of('alice')?.state === 'active');
  bob.disconnect();
  await until('bob is offline in the list', () => isState('offline'));
  assert.match((await row.getAttribute('title')) ?? '', /^Last seen /);
  assert.deepEqual(problems, []);
});
