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
import { startLink } from '../support/chat/link.ts';
import { type RunningGateway, startCluster } from '../support/chat/local-chat.ts';

const MAX_MESSAGE_BYTES = 300;
const file: Teardown = { after };
const browser = await startBrowser(file);
const cluster = await startCluster(file, await startBackends(file), {
  env: {
    CHAT_DEV_SIGN_IN: 'Enabled',
    CHAT_WEB_PAGE: 'Enabled',
    CHAT_MAX_MESSAGE_BYTES: String(MAX_MESSAGE_BYTES),
  },
});
const shots = process.env['SCREENSHOTS'] ?? mkdtempSync(join(tmpdir(), 'chatcluster-screenshots-'));
mkdirSync(shots, { recursive: true });

let rooms = 0;
/** A room that no other test uses. */
const newRoom = () => `room-${rooms++}`;
const gateway = (index: 0 | 1): RunningGateway => cluster.gateways[index];
const pageAt = (port: number, room: string) => `http://127.0.0.1:${port}/#channel:${room}`;

/** Sends texts one after the other and waits until all are acknowledged. */
async function sayAll(t: Teardown, room: string, user: string, texts: readonly string[]): Promise<void> {
  const open = startClient(t, user, gateway(0).port).open(`channel:${room}`);
  for (const text of texts) open.send(text);
  await until('everything is sent', () => open.outgoing.length === 0, { state: () => open.outgoing[0] });
}

test('two people on different gateways chat and see each other', async t => {
  const room = newRoom();
  const [first, second] = [await openWindow(t, browser), await openWindow(t, browser)];
  const [alice, bob] = [new ChatPage(first.page), new ChatPage(second.page)];
  await alice.signIn(pageAt(gateway(0).port, room), 'alice');
  await bob.signIn(pageAt(gateway(1).port, room), 'bob');
  await alice.connected(gateway(0).name);
  await bob.connected(gateway(1).name);
  await alice.say('Hello Bob, which gateway are you on?');
  await bob.shows('Hello Bob, which gateway are you on?');
  await bob.say('The other one.');
  for (const page of [alice, bob]) await page.shows('Hello Bob, which gateway are you on?', 'The other one.');
  let people: string[] = [];
  await until(
    'both are shown to both',
    async () => {
      people = [...(await alice.people.allInnerTexts()), ...(await bob.people.allInnerTexts())];
      return people.join() === 'alice (you),bob,alice,bob (you)';
    },
    { state: () => people },
  );
  assert.deepEqual([...first.problems, ...second.problems], []);
  await first.page.screenshot({ path: join(shots, 'chat-light.png') });
});

test('text of other people is shown as it is and never becomes part of the page', async t => {
  const room = newRoom();
  const attacks = [
    '<img src=x onerror="document.title=1">',
    '</p><script>document.title=1</script>',
    '{user} &amp; $&',
  ];
  await sayAll(t, room, 'eve', attacks);
  const { page, problems } = await openWindow(t, browser);
  const alice = new ChatPage(page);
  await alice.signIn(pageAt(gateway(0).port, room), 'alice');
  await alice.shows(...attacks);
  assert.equal(await page.locator('.messages img, .messages script').count(), 0);
  assert.deepEqual(problems, []);
});

test('history is there after a reload, older messages come by scrolling up, and each message once', async t => {
  const room = newRoom();
  const texts = Array.from({ length: 130 }, (_, index) => `message ${index + 1}`);
  await sayAll(t, room, 'bob', texts);
  const { page, problems } = await openWindow(t, browser);
  const alice = new ChatPage(page);
  await alice.signIn(pageAt(gateway(1).port, room), 'alice');
  await alice.shows(...texts.slice(-20));
  await page.reload();
  await alice.shows(...texts.slice(-20));
  assert.ok((await alice.messages.count()) < texts.length, 'the first page is not everything');
  const scroller = page.getByRole('region', { name: `Messages in #${room}` });
  await until('scrolling up has reached the beginning', async () => {
    await scroller.press('Home');
    return page.getByText(`This is the beginning of #${room}.`).isVisible();
  });
  assert.deepEqual(await alice.messages.allInnerTexts(), texts);
  assert.deepEqual(problems, []);
});

test('loading older messages does not move what is being read', async t => {
  const room = newRoom();
  await sayAll(
    t,
    room,
    'bob',
    Array.from({ length: 110 }, (_, index) => `line ${index + 1}`),
  );
  const { page } = await openWindow(t, browser);
  const alice = new ChatPage(page);
  await alice.signIn(pageAt(gateway(0).port, room), 'alice');
  await alice.shows('line 110');
  const read = page.getByText('line 61', { exact: true });
  await read.scrollIntoViewIfNeeded();
  const count = await alice.messages.count();
  await until('an older page is there', async () => (await alice.messages.count()) > count);
  const box = await read.boundingBox();
  assert.ok(box && box.y > 0 && box.y < 800, `line 61 is at ${JSON.stringify(box)}`);
});

test('messages written offline wait visibly and are sent once, in order, when the connection is back', async t => {
  const room = newRoom();
  const { page } = await openWindow(t, browser);
  const alice = new ChatPage(page);
  await alice.signIn(pageAt(gateway(0).port, room), 'alice');
  await alice.connected();
  await alice.say('before');
  await alice.shows('before');
  await page.context().setOffline(true);
  await page.getByText('Reconnecting…').waitFor();
  for (const text of ['offline 1', 'offline 2', 'offline 3']) await alice.say(text);
  assert.deepEqual(await alice.pending.allInnerTexts(), ['offline 1', 'offline 2', 'offline 3']);
  await page.getByText('Waiting for the connection').first().waitFor();
  await page.screenshot({ path: join(shots, 'chat-offline.png') });
  await page.context().setOffline(false);
  await alice.shows('before', 'offline 1', 'offline 2', 'offline 3');
  assert.equal(await alice.pending.count(), 0);
  await page.reload();
  await alice.shows('before', 'offline 1', 'offline 2', 'offline 3');
  assert.equal(await alice.messages.count(), 4);
});

test('a message written offline survives the tab and is sent once at the next sign-in', async t => {
  const room = newRoom();
  const link = await startLink(t, gateway(0).port);
  const url = pageAt(Number(new URL(link.url).port), room);
  const { page, newTab } = await openWindow(t, browser);
  const alice = new ChatPage(page);
  await alice.signIn(url, 'alice');
  await alice.connected();
  link.target(null);
  link.cut();
  await page.getByText('Reconnecting…').waitFor();
  await alice.say('written in a tab that is gone');
  await alice.pending.waitFor();
  await page.close();
  link.target(gateway(1).port);
  const again = new ChatPage(await newTab());
  await again.signIn(url, 'alice');
  await again.shows('written in a tab that is gone');
  assert.equal(await again.messages.count(), 1);
});

test('a page whose gateway is killed moves to another one and has everything once and in order', async t => {
  const room = newRoom();
  const doomed = await cluster.spawnGateway();
  const link = await startLink(t, doomed.port);
  const { page } = await openWindow(t, browser);
  const alice = new ChatPage(page);
  await alice.signIn(pageAt(Number(new URL(link.url).port), room), 'alice');
  await alice.connected(doomed.name);
  await alice.say('one');
  await alice.shows('one');
  link.target(null);
  await doomed.process.kill();
  await page.getByText('Reconnecting…').waitFor();
  await sayAll(t, room, 'bob', ['two', 'three']);
  await alice.say('four');
  link.target(gateway(1).port);
  await alice.connected(gateway(1).name);
  await alice.shows('one', 'two', 'three', 'four');
  assert.equal(await alice.messages.count(), 4);
});

test('a message the server refuses says why and is kept until it is discarded', async t => {
  const { page } = await openWindow(t, browser);
  const alice = new ChatPage(page);
  await alice.signIn(pageAt(gateway(0).port, newRoom()), 'alice');
  await alice.connected();
  await alice.say('A story that is too long. '.repeat(MAX_MESSAGE_BYTES / 20));
  await page.getByText(/^Not sent: the server did not accept the message/).waitFor();
  await page.screenshot({ path: join(shots, 'chat-refused.png') });
  await alice.say('a short one');
  await alice.shows('a short one');
  await page.reload();
  await page.getByText(/^Not sent/).waitFor();
  await page.getByRole('button', { name: 'Discard' }).click();
  await page.getByText(/^Not sent/).waitFor({ state: 'detached' });
  await page.reload();
  await alice.shows('a short one');
  assert.equal(await page.getByText(/^Not sent/).count(), 0);
});

test('messages in other rooms are counted until the room is opened', async t => {
  const [here, there] = [newRoom(), newRoom()];
  const { page } = await openWindow(t, browser);
  const alice = new ChatPage(page);
  await alice.signIn(pageAt(gateway(0).port, here), 'alice');
  await page.getByLabel('Name of the room to open').fill(there);
  await page.getByRole('button', { name: 'Open room' }).click();
  await page.getByText('Nothing here yet').waitFor();
  await page.getByRole('button', { name: here }).click();
  await sayAll(t, there, 'bob', ['psst', 'over here']);
  await page.getByLabel('2 unread messages').waitFor();
  assert.match(await page.title(), /^\(2\) /);
  await page.getByRole('button', { name: there }).click();
  await alice.shows('psst', 'over here');
  await page.getByLabel('2 unread messages').waitFor({ state: 'detached' });
  await page.reload();
  await alice.shows('psst', 'over here');
  assert.doesNotMatch(await page.title(), /^\(/);
});

test('the page speaks the language of the browser and changes it when asked', async t => {
  const room = newRoom();
  await sayAll(t, room, '小明', ['大家好！']);
  const { page, problems } = await openWindow(t, browser, { locale: 'zh-CN' });
  await page.goto(pageAt(gateway(0).port, room));
  await page.getByLabel('你的名字').fill('小红');
  await page.getByRole('button', { name: '登录' }).click();
  const alice = new ChatPage(page);
  await alice.shows('大家好！');
  await page.getByText('已连接').waitFor();
  await page.screenshot({ path: join(shots, 'chat-chinese.png') });
  assert.equal(await page.locator('html').getAttribute('lang'), 'zh-Hans');
  await page.getByLabel('语言').selectOption('en');
  await page.getByRole('heading', { name: 'Who is here' }).waitFor();
  await alice.shows('大家好！');
  await page.reload();
  await page.getByRole('heading', { name: 'Who is here' }).waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'en');
  assert.deepEqual(problems, []);
});

test('on a phone rooms and people are drawers that close again', async t => {
  const room = newRoom();
  await sayAll(t, room, 'bob', ['Hello from a desk']);
  const { page, problems } = await openWindow(t, browser, {
    viewport: { width: 390, height: 844 },
    deviceScaleFactor: 2,
    isMobile: true,
    hasTouch: true,
    colorScheme: 'dark',
  });
  const alice = new ChatPage(page);
  await alice.signIn(pageAt(gateway(0).port, room), 'alice');
  await alice.shows('Hello from a desk');
  await page.screenshot({ path: join(shots, 'phone-dark.png') });
  await page.getByRole('button', { name: 'Show rooms' }).tap();
  await page.getByRole('button', { name: 'random' }).tap();
  await page.getByRole('heading', { level: 1, name: 'random' }).waitFor();
  await page.getByRole('button', { name: 'Show who is here' }).tap();
  await page.getByText('alice (you)').waitFor();
  await page.getByRole('button', { name: 'Hide who is here' }).tap();
  await page.getByText('alice (you)').waitFor({ state: 'hidden' });
  assert.deepEqual(problems, []);
});

test('a person can sign in, write and change rooms with the keyboard alone', async t => {
  const { page } = await openWindow(t, browser, { colorScheme: 'dark' });
  const room = newRoom();
  await page.goto(pageAt(gateway(0).port, room));
  await page.keyboard.type('alice');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: room }).waitFor();
  const alice = new ChatPage(page);
  await alice.connected();
  await page.keyboard.type('two');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('lines');
  await page.keyboard.press('Enter');
  await alice.shows('two\nlines');
  await page.screenshot({ path: join(shots, 'chat-dark.png') });
  await page.getByRole('button', { name: 'general' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'general' }).waitFor();
  await page.keyboard.type('back at once');
  await page.keyboard.press('Enter');
  await alice.shows('back at once');
  t.diagnostic(`screenshots: ${shots}`);
});
