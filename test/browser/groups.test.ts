import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { startBackends, type Teardown } from '../../tools/support/backends.ts';
import { nextId } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { openWindow, startBrowser } from '../support/browser/browser.ts';
import { ChatPage } from '../support/browser/chat-page.ts';
import { startClient } from '../support/chat/dev-client.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const file: Teardown = { after };
const browser = await startBrowser(file);
const cluster = await startCluster(file, await startBackends(file), {
  env: {
    CHAT_DEV_SIGN_IN: 'Enabled',
    CHAT_WEB_PAGE: 'Enabled',
    CHAT_ROOM_RULES: JSON.stringify({ club: { access: 'Members', join: 'Request' } }),
  },
});
const shots = process.env['SCREENSHOTS'] ?? mkdtempSync(join(tmpdir(), 'chatcluster-screenshots-'));
mkdirSync(shots, { recursive: true });

const port = (index: 0 | 1) => cluster.gateways[index].port;
const home = (index: 0 | 1, hash = '') => `http://127.0.0.1:${port(index)}/${hash}`;
const shot = (page: Page, name: string) => page.screenshot({ path: join(shots, `${name}.png`) });
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true } as const;

/** A person in a window of the own. `problems` has what went wrong in the page. */
async function enter(
  t: Teardown,
  user: string,
  index: 0 | 1,
  { hash = '', ...options }: BrowserContextOptions & { readonly hash?: string } = {},
) {
  const { page, problems } = await openWindow(t, browser, options);
  const chat = new ChatPage(page);
  await chat.signIn(home(index, hash), user);
  await chat.connected();
  const button = (name: string | RegExp) => page.getByRole('button', { name });
  const dialog = page.getByRole('dialog');
  return {
    page,
    chat,
    problems,
    button,
    dialog,
    /** Members as the panel lists them, each with the role. */
    async hasMembers(...expected: string[]) {
      let seen: string[] = [];
      const rows = page.getByRole('complementary', { name: 'Members' }).locator('.members > .people-list .person');
      await until(
        `${user} sees the members ${expected}`,
        async () => {
          const texts = await rows.evaluateAll(items =>
            items.map(item => [...item.querySelectorAll('.person-name, .person-more')].map(part => part.textContent)),
          );
          seen = texts.map(parts => parts.filter(part => part !== '').join(' '));
          return JSON.stringify(seen) === JSON.stringify(expected);
        },
        { state: () => seen },
      );
    },
    async createGroup(name: string, people: string) {
      await button('New room').click();
      await dialog.getByLabel('Name').fill(name);
      await dialog.getByLabel(/^People/).fill(people);
      await dialog.getByRole('button', { name: 'Create' }).click();
      await page.getByRole('heading', { level: 1, name }).waitFor();
    },
    async openRoom(name: string) {
      await page.getByRole('list', { name: 'Groups' }).getByRole('button', { name }).click();
      await page.getByRole('heading', { level: 1, name }).waitFor();
    },
  };
}

test('three people have a group: it is made, one is added, promoted, and takes another out, who keeps nothing of it', async t => {
  const alice = await enter(t, 'alice', 0);
  const bob = await enter(t, 'bob', 1);
  const carol = await enter(t, 'carol', 0);
  await alice.createGroup('Tea', 'bob');
  await alice.hasMembers('alice (you) Owner', 'bob');
  await alice.button('Add people').click();
  await alice.dialog.getByLabel(/^People/).fill('carol');
  await shot(alice.page, 'groups-add');
  await alice.dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await alice.hasMembers('alice (you) Owner', 'bob', 'carol');

  await bob.openRoom('Tea');
  await carol.openRoom('Tea');
  await alice.chat.say('Which tea do you like?');
  await carol.page.getByRole('list', { name: 'Groups' }).getByText('alice: Which tea do you like?').waitFor();
  await bob.chat.shows('Which tea do you like?');
  await bob.chat.say('Green.');
  await carol.chat.shows('Which tea do you like?', 'Green.');
  await carol.chat.say('Black.');
  await alice.chat.shows('Which tea do you like?', 'Green.', 'Black.');
  assert.equal(await bob.button(/^Actions for carol/).count(), 0, 'a member acts on nobody');

  await alice.button(/^Actions for bob$/).click();
  await alice.dialog.getByLabel('Role').selectOption('Moderator');
  await shot(alice.page, 'groups-member');
  await alice.dialog.getByRole('button', { name: 'Save' }).click();
  await bob.hasMembers('alice Owner', 'bob (you) Moderator', 'carol');
  await shot(alice.page, 'groups-light');

  const hash = new URL(carol.page.url()).hash;
  await bob.button(/^Actions for carol$/).click();
  await bob.dialog.getByRole('button', { name: 'Remove from the room' }).click();
  await carol.page.getByRole('alert').getByText('bob removed you from Tea.').waitFor();
  await shot(carol.page, 'groups-removed');
  assert.equal(await carol.page.getByText('Green.').count(), 0);
  assert.equal(await carol.page.locator('.person').count(), 0);
  assert.equal(await carol.page.getByRole('list', { name: 'Groups' }).getByRole('button').count(), 0);
  await alice.hasMembers('alice (you) Owner', 'bob Moderator');
  await alice.chat.say('Without carol.');
  await bob.chat.shows('Without carol.');
  assert.equal(await carol.button('OK').evaluate(button => button.matches(':focus')), true);
  await carol.page.keyboard.press('Enter');
  await carol.page.getByRole('heading', { level: 1, name: 'general' }).waitFor();
  assert.equal(await carol.page.getByText('Without carol.').count(), 0);

  // The address of the group tells a stranger, and the user who was removed, what one of a room tells that does not exist.
  const refusal = async (user: string, at: string) => {
    const stranger = await enter(t, user, 1, { hash: at });
    const notice = stranger.page.locator('.notice');
    await notice.waitFor();
    await until('the rest is there', async () => (await stranger.page.getByText('Joining…').count()) === 0);
    return [await notice.innerText(), await stranger.page.getByRole('main').innerText()];
  };
  const none = await refusal('dave', '#group:01a2b3c4-0000-7000-8000-000000000000');
  assert.deepEqual(await refusal('dave', hash), none);
  assert.deepEqual(await refusal('carol', hash), none);
  assert.deepEqual([...alice.problems, ...bob.problems, ...carol.problems], []);
});

test('an invitation is accepted, a link leads in once it is copied, and a member leaves after a question', async t => {
  const ann = await enter(t, 'ann', 0, { colorScheme: 'dark' });
  const ben = await enter(t, 'ben', 1);
  await ann.createGroup('Coffee', '');
  await ann.button('Add people').click();
  await ann.dialog.getByLabel(/^People/).fill('ben');
  await ann.dialog.getByRole('button', { name: 'Invite' }).click();
  await ben.button('Accept the invitation to Coffee').waitFor();
  await shot(ben.page, 'groups-invitation');
  await ben.button('Accept the invitation to Coffee').click();
  await ben.page.getByRole('heading', { level: 1, name: 'Coffee' }).waitFor();
  await ann.hasMembers('ann (you) Owner', 'ben');

  await ann.button('Invite by link').click();
  await ann.dialog.getByRole('button', { name: 'Make a link' }).click();
  const field = ann.dialog.getByLabel('Link', { exact: true });
  await until('there is a link', async () => (await field.inputValue()) !== '');
  await shot(ann.page, 'groups-link-dark');
  const link = await field.inputValue();
  await ann.dialog.getByRole('button', { name: 'Close' }).click();
  const cat = await enter(t, 'cat', 1, { hash: new URL(link).hash, ...PHONE });
  await cat.dialog.getByRole('button', { name: 'Join' }).click();
  await cat.page.getByRole('heading', { level: 1, name: 'Coffee' }).waitFor();
  await cat.chat.say('Hello from the link');
  await ann.chat.shows('Hello from the link');
  await shot(ann.page, 'groups-dark');
  await cat.button('Show who is here').tap();
  await cat.hasMembers('ann Owner', 'ben', 'cat (you)');
  await shot(cat.page, 'groups-phone');
  await cat.button('Hide who is here').tap();

  await ben.button('Leave room').click();
  await ben.dialog.getByRole('button', { name: 'Leave' }).click();
  await ben.page.getByRole('heading', { level: 1, name: 'general' }).waitFor();
  await ann.hasMembers('ann (you) Owner', 'cat');
  assert.equal(await ben.page.getByRole('alert').filter({ hasText: 'Coffee' }).count(), 0);
  assert.deepEqual([...ann.problems, ...ben.problems, ...cat.problems], []);
});

test('a frozen room and a mute say why one cannot write, and end', async t => {
  const staff = startClient(t, 'fay', port(0));
  const { room } = await staff.act('room.create', { kind: 'group', name: 'Quiet', members: ['gus'] });
  const gus = await enter(t, 'gus', 1, { hash: `#${room}` });
  const composer = gus.page.getByRole('textbox', { name: /^Message to/ });
  const writes = (enabled: boolean) =>
    until(`the field is ${enabled ? 'on' : 'off'}`, async () => (await composer.isEnabled()) === enabled);
  await writes(true);
  await staff.act('room.freeze', { room, on: true });
  await gus.page.getByText('The room is frozen').waitFor();
  await writes(false);
  await shot(gus.page, 'groups-frozen');
  await staff.act('room.freeze', { room, on: false });
  await writes(true);
  await staff.act('room.mute', { room, user: 'gus', until: staff.now() + 3_600_000 });
  await gus.page.getByText('You are muted here until').waitFor();
  await gus.page.reload();
  await gus.page.getByText('You are muted here until').waitFor();
  await staff.act('room.mute', { room, user: 'gus', until: 0 });
  await writes(true);
  assert.deepEqual(gus.problems, []);
});

test('staff rename, freeze, ban, end a ban, mute, hand over and delete, each by its button', async t => {
  const kim = await enter(t, 'kim', 0);
  const lee = await enter(t, 'lee', 1);
  await kim.createGroup('Draft', 'lee, mia');
  await lee.openRoom('Draft');
  assert.equal(await lee.button('Room settings').count(), 0, 'a member changes nothing');
  const settings = async (choose: (dialog: typeof kim.dialog) => Promise<void>, by = kim) => {
    await by.button('Room settings').click();
    await choose(by.dialog);
  };
  const onMember = async (user: string, button: string) => {
    await kim.button(`Actions for ${user}`).click();
    await kim.dialog.getByRole('button', { name: button }).click();
    await kim.dialog.waitFor({ state: 'detached' });
  };
  await settings(async dialog => {
    await dialog.getByLabel('Name').fill('Plans');
    await dialog.getByLabel('Topic').fill('What comes next');
    await shot(kim.page, 'groups-settings');
    await dialog.getByRole('button', { name: 'Save' }).click();
  });
  await lee.page.getByRole('heading', { level: 1, name: 'Plans' }).waitFor();
  await lee.page.getByRole('main').getByText('What comes next').waitFor();

  await settings(dialog => dialog.getByRole('button', { name: /^Freeze/ }).click());
  await lee.page.getByText('The room is frozen').waitFor();
  await settings(dialog => dialog.getByRole('button', { name: 'Let everyone write again' }).click());
  await lee.page.getByText('The room is frozen').waitFor({ state: 'hidden' });

  const ask = async (user: string, button: string) => {
    await kim.button(`Actions for ${user}`).click();
    await kim.dialog.getByRole('button', { name: button, exact: true }).click();
    await kim.dialog.getByLabel('For how long').waitFor();
  };
  const confirm = async (button: string) => {
    await kim.dialog.getByRole('button', { name: button, exact: true }).click();
    await kim.dialog.waitFor({ state: 'detached' });
  };
  /** End of an act that was done from `since` on, of which the room tells. */
  const endIn = (end: number, ms: number, since: number) =>
    assert.ok(end >= since + ms - 5_000 && end <= Date.now() + ms + 5_000, `${end - since} instead of ${ms}`);
  const timeOf = async (at = 0) =>
    await kim.page.evaluate(
      time => new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' }).format(time),
      at,
    );
  const staff = startClient(t, 'kim', port(1));
  const room = decodeURIComponent(new URL(kim.page.url()).hash.slice(1));
  const listed = async (user: string, state?: 'banned') =>
    (await staff.call('room.members', { room, ...(state ? { state } : {}) })).users.find(one => one.user === user);
  let since = Date.now();
  await ask('lee', 'Mute');
  await kim.dialog.getByLabel('For how long').selectOption('A day');
  await shot(kim.page, 'groups-mute');
  await confirm('Mute');
  await lee.page.getByText('You are muted here until').waitFor();
  const mutedUntil = (await listed('lee'))?.until ?? 0;
  endIn(mutedUntil, 86_400_000, since);
  // The mute is in the list of members: a page that did not see the act shows and ends it too.
  const lees = `lee muted until ${await timeOf(mutedUntil)}`;
  await kim.hasMembers('kim (you) Owner', lees, 'mia');
  await kim.page.reload();
  await kim.hasMembers('kim (you) Owner', lees, 'mia');
  await shot(kim.page, 'groups-muted');
  await lee.hasMembers('kim Owner', 'lee (you)', 'mia');
  await onMember('lee', 'End the mute');
  await lee.page.getByText('You are muted here until').waitFor({ state: 'hidden' });

  since = Date.now();
  await ask('mia', 'Remove and ban');
  assert.equal(await kim.dialog.getByLabel('For how long').inputValue(), 'ever');
  await kim.dialog.getByLabel('For how long').selectOption('A week');
  await kim.dialog.getByLabel('Reason').fill('Advertising');
  await shot(kim.page, 'groups-ban');
  await kim.dialog.getByLabel('Reason').press('Enter');
  await kim.dialog.waitFor({ state: 'detached' });
  await kim.hasMembers('kim (you) Owner', 'lee');
  const ban = await listed('mia', 'banned');
  assert.equal(ban?.reason, 'Advertising');
  endIn(ban.until ?? 0, 604_800_000, since);
  await kim.page.getByText('1 banned person').click();
  const bans = async () => (await kim.page.locator('.bans .person-more').allInnerTexts()).join();
  const expected = `Advertising\nuntil ${await timeOf(ban.until)}`;
  assert.equal(await bans(), expected);
  await shot(kim.page, 'groups-banned');
  await kim.page.reload();
  await kim.page.getByText('1 banned person').click();
  assert.equal(await bans(), expected);
  await kim.button('End the ban of mia').click();
  await kim.page.getByText('1 banned person').waitFor({ state: 'detached' });

  // Without a choice a ban has no end, and no reason.
  await staff.act('room.add', { room, users: ['mia'] });
  await kim.hasMembers('kim (you) Owner', 'lee', 'mia');
  await ask('mia', 'Remove and ban');
  await confirm('Remove and ban');
  await kim.page.getByText('1 banned person').click();
  assert.equal(await bans(), '');
  const endless = await listed('mia', 'banned');
  assert.deepEqual([endless?.until, endless?.reason], [undefined, undefined]);

  await onMember('lee', 'Hand the room over');
  await kim.hasMembers('lee Owner', 'kim (you) Admin');
  await settings(async dialog => {
    await dialog.getByRole('button', { name: 'Save' }).waitFor();
    assert.equal(await dialog.getByRole('button', { name: 'Delete the room' }).count(), 0, 'an admin does not delete');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
  });
  await settings(async dialog => {
    await dialog.getByRole('button', { name: 'Delete the room' }).click();
    await dialog.getByText('This cannot be undone.').waitFor();
    await shot(lee.page, 'groups-delete');
    await dialog.getByRole('button', { name: 'Delete the room' }).click();
  }, lee);
  await kim.page.getByRole('alert').getByText('lee ended Plans.').waitFor();
  await lee.page.getByRole('heading', { level: 1, name: 'general' }).waitFor();
  assert.deepEqual([...kim.problems, ...lee.problems], []);
});

test('a user with more rooms than may be open finds all of them in the list, and opens one that was not', async t => {
  const host = startClient(t, 'una', port(0));
  const most = 66;
  let room = '';
  for (let made = 0; made < most; made++)
    ({ room } = await host.act('room.create', { kind: 'group', name: `Room ${made}`, members: ['vic'] }));
  await host.call('message.send', { room, id: nextId(), text: 'Down here' });
  const vic = await enter(t, 'vic', 1);
  await vic.page.getByRole('list', { name: 'Groups' }).getByText('una: Down here').waitFor();
  const rows = vic.page.getByRole('list', { name: 'Groups' }).getByRole('button');
  await until('all are listed', async () => (await rows.count()) === most);
  const last = (await rows.last().locator('.room-name').innerText()).trim();
  await rows.last().click();
  await vic.page.getByRole('heading', { level: 1, name: last, exact: true }).waitFor();
  await vic.chat.say('Still here');
  await vic.chat.shows('Still here');
  assert.equal(await rows.count(), most, 'the one that was closed stays in the list');
  assert.deepEqual(vic.problems, []);
});

test('a channel is found and joined; a club is asked for and opens once staff agree, with the keyboard alone', async t => {
  const staff = startClient(t, 'hal', port(0));
  await staff.act('room.create', { kind: 'channel', name: 'Lighthouse', topic: 'Towers by the sea' });
  const hal = await enter(t, 'hal', 0);
  await hal.button('New room').click();
  await hal.dialog.getByLabel('Kind').selectOption('club');
  const kinds = await hal.dialog.getByLabel('Kind').getByRole('option').allInnerTexts();
  assert.deepEqual(
    kinds.map(text => text.split(' ')[0]),
    ['channel', 'club', 'group'],
    'only kinds of which users make rooms',
  );
  await hal.dialog.getByLabel('Name').fill('Chess');
  await shot(hal.page, 'groups-create');
  await hal.dialog.getByRole('button', { name: 'Create' }).click();
  await hal.page.getByRole('heading', { level: 1, name: 'Chess' }).waitFor();
  const hash = new URL(hal.page.url()).hash;
  const room = decodeURIComponent(hash.slice(1));
  const ivy = await enter(t, 'ivy', 1);
  await ivy.button('Find channels').click();
  const found = ivy.dialog.getByRole('listitem').filter({ hasText: 'Lighthouse' });
  await until('the channel is listed', async () => {
    if (await found.isVisible()) return true;
    await ivy.dialog.getByRole('button', { name: 'Search' }).click();
    return false;
  });
  await shot(ivy.page, 'groups-discover');
  await found.getByRole('button', { name: 'Join' }).click();
  await ivy.page.getByRole('heading', { level: 1, name: 'Lighthouse' }).waitFor();

  await ivy.page.goto(home(1, `#${room}`));
  await ivy.button('Ask to join').click();
  await ivy.dialog.getByLabel('A few words').fill('Rex knows me');
  await ivy.dialog.getByRole('button', { name: 'Ask to join' }).press('Enter');
  await ivy.dialog.waitFor({ state: 'detached' });
  await hal.button('Let ivy in').waitFor();
  await hal.page.getByText('Rex knows me').waitFor();
  await shot(hal.page, 'groups-request');
  await hal.button('Let ivy in').press('Enter');
  await hal.hasMembers('hal (you) Owner', 'ivy');
  await ivy.page.getByRole('heading', { level: 1, name: 'Chess' }).waitFor();
  await ivy.chat.say('Your move.');
  await hal.chat.shows('Your move.');
  assert.deepEqual(hal.problems, []);
  t.diagnostic(`screenshots: ${shots}`);
});
