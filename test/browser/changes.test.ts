import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import { startBackends, type Teardown } from '../../tools/support/backends.ts';
import { until } from '../../tools/support/until.ts';
import { openWindow, startBrowser } from '../support/browser/browser.ts';
import { ChatPage } from '../support/browser/chat-page.ts';
import { startClient } from '../support/chat/dev-client.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const file: Teardown = { after };
const browser = await startBrowser(file);
const cluster = await startCluster(file, await startBackends(file), {
  env: { CHAT_DEV_SIGN_IN: 'Enabled', CHAT_WEB_PAGE: 'Enabled', CHAT_MAX_MESSAGE_BYTES: '400' },
});
const shots = process.env['SCREENSHOTS'] ?? mkdtempSync(join(tmpdir(), 'chatcluster-screenshots-'));
mkdirSync(shots, { recursive: true });

let rooms = 0;
/** A room that no other test uses. */
const newRoom = () => `changes-${rooms++}`;
const port = (index: 0 | 1) => cluster.gateways[index].port;
const pageAt = (index: 0 | 1, room: string) => `http://127.0.0.1:${port(index)}/#channel:${room}`;
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true } as const;

type Window = Awaited<ReturnType<typeof openWindow>>;

/** Alice on one gateway and bob on another, in one room. */
async function aliceAndBob(t: Teardown, options: { alice?: object; bob?: object } = {}) {
  const room = newRoom();
  const windows: Window[] = [await openWindow(t, browser, options.alice), await openWindow(t, browser, options.bob)];
  const [first, second] = windows;
  assert.ok(first && second);
  const [alice, bob] = [new ChatPage(first.page), new ChatPage(second.page)];
  await alice.signIn(pageAt(0, room), 'alice');
  await bob.signIn(pageAt(1, room), 'bob');
  await alice.connected();
  await bob.connected();
  const noProblems = () => assert.deepEqual([...first.problems, ...second.problems], []);
  return { room, alice, bob, noProblems };
}

/** Waits until the emoji below a message are these, each with its count. */
async function reactions(chat: ChatPage, text: string, ...expected: string[]): Promise<void> {
  let seen: string[] = [];
  await until(
    `the reactions are ${expected.join(', ')}`,
    async () => {
      seen = (await chat.row(text).locator('.chip').allInnerTexts()).map(chip => chip.replace(/\s+/g, ' '));
      return JSON.stringify(seen) === JSON.stringify(expected);
    },
    { state: () => seen },
  );
}

const shot = (page: Page, name: string) => page.screenshot({ path: join(shots, `${name}.png`) });

test('two people reply, react, edit and delete, and both see the same', async t => {
  const { alice, bob, noProblems } = await aliceAndBob(t, { bob: { colorScheme: 'dark' } });
  await alice.say('Lunch at twelf?');
  await bob.shows('Lunch at twelf?');
  await bob.choose('Lunch at twelf?', 'React with 👍');
  await reactions(alice, 'Lunch at twelf?', '👍 1');
  await alice.row('Lunch at twelf?').getByRole('button', { name: '👍 from bob' }).click();
  for (const chat of [alice, bob]) await reactions(chat, 'Lunch at twelf?', '👍 2');
  await bob.choose('Lunch at twelf?', 'React with 👍');
  await reactions(alice, 'Lunch at twelf?', '👍 1');
  await bob.choose('Lunch at twelf?', 'React with 👍');
  await reactions(alice, 'Lunch at twelf?', '👍 2');

  await bob.choose('Lunch at twelf?', 'Reply');
  await bob.page.getByText('Reply to alice').waitFor();
  await bob.say('Gladly. Where?');
  await alice.row('Gladly').getByRole('button', { name: 'Reply to alice: Lunch at twelf?' }).waitFor();

  await alice.choose('Lunch at twelf?', 'Edit');
  const field = alice.page.getByLabel('New text of the message');
  await field.fill('Lunch at twelve?');
  await shot(alice.page, 'edit-light');
  await field.press('Enter');
  for (const chat of [alice, bob]) {
    await chat.shows('Lunch at twelve?', 'Gladly. Where?');
    await chat.row('Lunch at twelve?').getByText('edited', { exact: true }).waitFor();
    await chat.row('Gladly').getByRole('button', { name: 'Reply to alice: Lunch at twelve?' }).waitFor();
  }
  await shot(bob.page, 'changes-dark');

  await alice.choose('Lunch at twelve?', 'Delete');
  await shot(alice.page, 'delete-light');
  await alice.page
    .getByRole('dialog', { name: 'Delete this message?' })
    .getByRole('button', { name: 'Delete' })
    .click();
  for (const chat of [alice, bob]) {
    await chat.shows('Gladly. Where?');
    await until(
      'the text is nowhere',
      async () => !(await chat.page.locator('.conversation').innerText()).includes('Lunch'),
    );
    assert.equal(await chat.page.getByText('Message deleted').count(), 2, 'the message, and the quote of it');
  }
  await bob.page.reload();
  await bob.shows('Gladly. Where?');
  assert.ok(!(await bob.page.locator('.conversation').innerText()).includes('Lunch'));
  await shot(alice.page, 'deleted-light');
  noProblems();
});

test('a person with a keyboard alone reacts, replies, edits and deletes', async t => {
  const { alice, bob, noProblems } = await aliceAndBob(t);
  const { page } = alice;
  await bob.say('hello');
  await alice.say('helo');
  await alice.shows('hello', 'helo');
  const focused = page.locator(':focus');

  await page.getByRole('region', { name: /^Messages in/ }).focus();
  await page.keyboard.press('Tab');
  assert.match((await focused.getAttribute('aria-label')) ?? '', /^Actions for the message from alice/);
  await page.keyboard.press('ArrowUp');
  assert.match((await focused.getAttribute('aria-label')) ?? '', /^Actions for the message from bob/);
  await page.keyboard.press('Enter');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await reactions(bob, 'hello', '❤️ 1');

  await page.keyboard.press('Enter');
  assert.equal(await focused.getAttribute('role'), 'menuitemcheckbox');
  await page.keyboard.press('ArrowDown');
  assert.equal(await focused.innerText(), 'Reply');
  await page.keyboard.press('Escape');
  assert.match((await focused.getAttribute('aria-label')) ?? '', /^Actions for the message from bob/);
  await page.keyboard.press('Enter');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.keyboard.type('hi bob');
  await page.keyboard.press('Enter');
  await bob.row('hi bob').getByRole('button', { name: 'Reply to bob: hello' }).waitFor();

  await page.keyboard.press('ArrowUp');
  assert.equal(await focused.inputValue(), 'hi bob');
  await page.keyboard.type('!');
  await page.keyboard.press('Enter');
  await bob.shows('hello', 'helo', 'hi bob!');
  await page.keyboard.press('Enter');
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.keyboard.press('Enter');
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await bob.shows('hello', 'helo');
  noProblems();
});

test('on a phone the menu of a message is one tap away', async t => {
  const { alice, bob, noProblems } = await aliceAndBob(t, { alice: { ...PHONE, colorScheme: 'dark' }, bob: PHONE });
  const { page } = alice;
  await bob.say('Shall we meet at the station, at the entrance to the left of the bakery, at nine?');
  const text = 'Shall we meet';
  const row = alice.row(text);
  await row.getByRole('button', { name: /^Actions for/ }).tap();
  await shot(page, 'phone-menu-dark');
  await page.getByRole('menuitemcheckbox', { name: 'React with 🎉' }).tap();
  await reactions(bob, text, '🎉 1');
  await row.getByRole('button', { name: '🎉 from alice' }).tap();
  await reactions(bob, text);
  await row.getByRole('button', { name: /^Actions for/ }).tap();
  await page.getByRole('menuitem', { name: 'Reply' }).tap();
  await shot(page, 'phone-reply-dark');
  await alice.say('Yes');
  await bob.shows(await row.locator('.bubble .text').innerText(), 'Yes');
  await bob.choose('Shall we meet', 'React with 👍');
  await bob.choose('Shall we meet', 'Edit');
  await shot(bob.page, 'phone-edit-light');
  await bob.page.getByRole('button', { name: 'Cancel', exact: true }).tap();
  await shot(bob.page, 'phone-light');
  noProblems();
});

test('changes made offline wait visibly and are made once the connection is back', async t => {
  const { alice, bob } = await aliceAndBob(t);
  await alice.say('draft');
  await alice.say('mistake');
  await bob.shows('draft', 'mistake');
  await alice.page.context().setOffline(true);
  await alice.page.getByText('Reconnecting…').waitFor();
  await alice.choose('draft', 'Edit');
  await alice.page.getByLabel('New text of the message').fill('final');
  await alice.page.getByRole('button', { name: 'Save' }).click();
  await alice.choose('mistake', 'Delete');
  await alice.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await alice.choose('final', 'React with 🎉');
  await alice.shows('final', 'mistake');
  await alice.row('final').getByText('Saved once the connection is back').waitFor();
  await alice.row('mistake').getByText('Deleted once the connection is back').waitFor();
  await shot(alice.page, 'changes-offline');
  await bob.shows('draft', 'mistake');
  await alice.page.context().setOffline(false);
  for (const chat of [alice, bob]) {
    await chat.shows('final');
    await reactions(chat, 'final', '🎉 1');
  }
  await alice.page.getByText(/once the connection is back/).waitFor({ state: 'detached' });
});

test('a refused edit says why, gives the text back, and is kept until it is discarded', async t => {
  const { alice, bob } = await aliceAndBob(t);
  await alice.say('short');
  await bob.shows('short');
  await alice.choose('short', 'Edit');
  const field = alice.page.getByLabel('New text of the message');
  await field.fill('a story that is too long '.repeat(30));
  await field.press('Enter');
  await alice.page.getByText(/^Not changed: the server did not accept the message/).waitFor();
  await alice.shows('short');
  await shot(alice.page, 'edit-refused');
  await alice.page.reload();
  await alice.page.getByText(/^Not changed/).waitFor();
  await alice.page.getByRole('button', { name: 'Discard' }).click();
  await alice.page.getByText(/^Not changed/).waitFor({ state: 'detached' });
  await bob.shows('short');
});

test('a quote leads to its message, also if older pages have to be loaded first', async t => {
  const room = newRoom();
  const speaker = startClient(t, 'carol', port(0));
  const open = speaker.open(`channel:${room}`);
  for (let line = 1; line <= 120; line++) open.send(`line ${line}`);
  await until('everything is sent', () => open.outgoing.length === 0 && open.messages.length === 120);
  const [first] = open.messages;
  assert.ok(first);
  open.send('about the first', { replyTo: first });
  const { page, problems } = await openWindow(t, browser);
  const alice = new ChatPage(page);
  await alice.signIn(pageAt(1, room), 'alice');
  await alice.shows('about the first');
  const quote = alice.row('about the first').getByRole('button', { name: 'Reply to carol: line 1' });
  await quote.waitFor();
  const line = page.locator('.bubble .text').getByText('line 1', { exact: true });
  assert.equal(await line.count(), 0, 'the page of the first line is not loaded');
  await quote.click();
  await until('the first line is in view', async () => {
    const box = (await line.count()) === 1 ? await line.boundingBox() : null;
    return box !== null && box.y > 0 && box.y < 800;
  });
  await shot(page, 'jump-light');
  assert.deepEqual(problems, []);
});

test('a quote leads to its message with those around it, however far above it is', async t => {
  const room = newRoom();
  const speaker = startClient(t, 'carol', port(0));
  const open = speaker.open(`channel:${room}`);
  for (let line = 1; line <= 400; line++) open.send(`line ${line}`);
  await until('everything is sent', () => open.outgoing.length === 0 && open.messages.length === 400);
  const named = open.messages[30] ?? assert.fail();
  open.send('about an early one', { replyTo: named });
  const { page, problems } = await openWindow(t, browser);
  const alice = new ChatPage(page);
  await alice.signIn(pageAt(1, room), 'alice');
  await alice.shows('about an early one');
  await alice.row('about an early one').getByRole('button', { name: 'Reply to carol: line 31' }).click();
  const rows = page.getByRole('dialog').getByRole('listitem');
  await rows.first().waitFor();
  const texts = await rows.locator('.text').allInnerTexts();
  assert.deepEqual([texts.at(0), texts.at(-1), texts.length], ['line 7', 'line 56', 50]);
  const focused = page.locator(':focus');
  assert.match(await focused.innerText(), /line 31$/);
  await shot(page, 'jump-far');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await alice.shows('about an early one');
  assert.deepEqual(problems, []);
});
