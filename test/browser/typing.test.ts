import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startBackends, type Teardown } from '../../tools/support/backends.ts';
import { nextId, openClient } from '../../tools/support/sdk.ts';
import { tokenFor } from '../../tools/support/token.ts';
import { until } from '../../tools/support/until.ts';
import { openWindow, startBrowser } from '../support/browser/browser.ts';
import { ChatPage } from '../support/browser/chat-page.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const file: Teardown = { after };
const browser = await startBrowser(file);
const cluster = await startCluster(file, await startBackends(file), {
  env: { CHAT_DEV_SIGN_IN: 'Enabled', CHAT_WEB_PAGE: 'Enabled' },
});
const shots = process.env['SCREENSHOTS'] ?? mkdtempSync(join(tmpdir(), 'chatcluster-screenshots-'));
mkdirSync(shots, { recursive: true });

const pageAt = (index: 0 | 1) => `http://127.0.0.1:${cluster.gateways[index].port}/#channel:typing`;
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true } as const;

/** Writes into the field until `seen`: events may be lost. Nothing is sent. */
async function write(chat: ChatPage, seen: () => Promise<boolean>): Promise<void> {
  const composer = chat.page.getByRole('textbox', { name: /^Message to|发送到/ });
  await until('it is seen', async () => {
    await composer.press('x');
    return await seen();
  });
}

test('two people see each other type, on two gateways, until the message comes or the field is empty', async t => {
  const windows = [
    await openWindow(t, browser),
    await openWindow(t, browser, { ...PHONE, colorScheme: 'dark', locale: 'zh-CN' }),
  ];
  const [first, second] = windows;
  assert.ok(first && second);
  const [alice, bob] = [new ChatPage(first.page), new ChatPage(second.page)];
  await alice.signIn(pageAt(0), 'alice');
  await second.page.goto(pageAt(1));
  await second.page.getByLabel('你的名字').fill('bob');
  await second.page.getByRole('button', { name: '登录' }).click();
  await bob.page.getByRole('heading', { level: 1 }).waitFor();
  await alice.connected();
  await alice.say('Lunch?');
  await bob.shows('Lunch?');
  const [toAlice, toBob] = [
    alice.page.getByRole('status').filter({ hasText: 'bob is typing…' }),
    bob.page.getByRole('status').filter({ hasText: 'alice 正在输入…' }),
  ];
  await write(bob, () => toAlice.isVisible());
  await alice.page.screenshot({ path: join(shots, 'typing.png') });
  await bob.say('Gladly');
  await alice.shows('Gladly');
  await toAlice.waitFor({ state: 'hidden' });
  await write(alice, () => toBob.isVisible());
  await bob.page.screenshot({ path: join(shots, 'typing-phone.png') });
  await alice.page.getByRole('textbox', { name: /^Message to/ }).fill('');
  await toBob.waitFor({ state: 'hidden' });
  assert.deepEqual([...first.problems, ...second.problems], []);
});

test('an announcement of the platform stands above the room until its user closes it, on all devices, and is taken back', async t => {
  const [first, second] = [await openWindow(t, browser), await openWindow(t, browser)];
  const devices = [new ChatPage(first.page), new ChatPage(second.page)];
  for (const [at, device] of devices.entries()) {
    await device.signIn(pageAt(at as 0 | 1), 'dora');
    await device.connected();
  }
  const token = await tokenFor('ops', { roles: ['service'] });
  const service = await openClient(t, cluster.gateways[0].url, { sdk: { token } });
  const bars = (text: string) => devices.map(({ page }) => page.getByRole('status').filter({ hasText: text }));
  const announce = async (text: string) => {
    const id = nextId();
    return { id, ...(await service.send('system:all', text, id)) };
  };
  await until('both devices show it', async () => {
    await announce('Down at noon'); // what comes before a device first reads the room is not shown
    return (await Promise.all(bars('Down at noon').map(bar => bar.isVisible()))).every(Boolean);
  });
  assert.equal(await first.page.getByRole('button', { name: /system/ }).count(), 0, 'it is not in the list of rooms');
  await first.page.screenshot({ path: join(shots, 'announcement.png') });
  await bars('Down at noon')[0]?.getByRole('button').click();
  for (const bar of bars('Down at noon')) await bar.waitFor({ state: 'detached' });
  const { offset, id } = await announce('Down at one');
  for (const bar of bars('Down at one')) await bar.waitFor();
  await service.rpc('message.delete', { room: 'system:all', id: nextId(), targets: [{ target: offset, of: id }] });
  for (const bar of bars('Down at one')) await bar.waitFor({ state: 'detached' });
});
