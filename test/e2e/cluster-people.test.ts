import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { nextId } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { openWindow, startBrowser } from '../support/browser/browser.ts';
import { ChatPage } from '../support/browser/chat-page.ts';
import { kubeChat } from '../support/kube/kube-chat.ts';

const kube = await kubeChat({ after });
const browser = await startBrowser({ after });
const address = new URL('/', kube.url.replace(/^ws/, 'http')).href;
const shots = process.env['SCREENSHOTS'] ?? mkdtempSync(join(tmpdir(), 'chatcluster-screenshots-'));
mkdirSync(shots, { recursive: true });

test('two people in two browsers on two gateways make friends, write, see each other type, read, come and go', {
  skip: kube.unbalanced,
}, async t => {
  const [ann, ben] = ['ann', 'ben'].map(name => `${name}-${nextId().slice(-6)}`) as [string, string];
  /** Signs in on a gateway that will do. */
  const enter = async (name: string, willDo: (gateway: string) => boolean) => {
    const { page, problems } = await openWindow(t, browser);
    const chat = new ChatPage(page);
    await chat.signIn(address, name);
    const gateway = await until(`${name} is on a gateway that will do`, async () => {
      await chat.connected();
      const found = (await chat.connection()).replace('Connected', '').trim();
      if (found !== '' && willDo(found)) return found;
      await page.reload();
      return null;
    });
    const dialog = page.getByRole('dialog').first();
    const direct = page.getByRole('list', { name: 'Direct messages' }).getByRole('button');
    return { page, problems, chat, gateway, dialog, direct, people: page.getByRole('button', { name: /^People/ }) };
  };
  const one = await enter(ann, () => true);
  const two = await enter(ben, gateway => gateway !== one.gateway);

  await one.people.click();
  // By the exact id, as ben has no profile.
  await one.page.keyboard.type(ben);
  await one.dialog.getByRole('button', { name: `Add ${ben} as a friend` }).click();
  await two.people.getByLabel('1 friend request').waitFor();
  await two.people.click();
  await two.dialog.getByRole('button', { name: `Accept the request of ${ann}` }).click();
  await two.dialog.getByText(`You and ${ann} are friends now.`).waitFor();
  await two.page.keyboard.press('Escape');
  await one.dialog.getByRole('searchbox').fill('');
  await one.dialog.getByRole('button', { name: `Write to ${ben}` }).click();
  await one.page.getByRole('heading', { level: 1, name: ben }).waitFor();

  await one.chat.say('Hello, ben');
  const theirs = two.direct.filter({ hasText: ann });
  await theirs.locator('.badge', { hasText: /^1$/ }).waitFor();
  await until('ben sees that ann is online', async () => (await theirs.getAttribute('data-state')) === 'active');
  await theirs.click();
  await two.chat.shows('Hello, ben');
  await one.page.getByText(/^Read/).first().waitFor();
  await until('ann sees that ben types', async () => {
    await two.page.getByRole('textbox', { name: /^Message to/ }).press('x'); // events may be lost
    return await one.page
      .getByRole('status')
      .filter({ hasText: `${ben} is typing…` })
      .isVisible();
  });
  await one.page.screenshot({ path: join(shots, 'cluster-people.png') });

  // Offline, ben misses three messages, of which one is taken back.
  await two.page.goto('about:blank');
  const hers = one.direct.filter({ hasText: ben });
  await until('ann sees that ben is offline', async () => (await hers.getAttribute('data-state')) === 'offline');
  const texts = ['first', 'wrong', 'last'];
  for (const text of texts) await one.chat.say(text);
  await one.chat.shows('Hello, ben', ...texts);
  await one.chat.choose('wrong', 'Delete');
  await one.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await one.chat.shows('Hello, ben', 'first', 'last');
  await two.page.goto(`${address}#channel:other`);
  await two.chat.connected();
  await theirs.locator('.badge', { hasText: /^2$/ }).waitFor();
  await until('ann sees that ben is back', async () => (await hers.getAttribute('data-state')) === 'active');
  await theirs.click();
  await two.chat.shows('Hello, ben', 'first', 'last');
  await two.page.getByRole('navigation').locator('.room.unread').waitFor({ state: 'detached' });
  assert.deepEqual([one.problems, two.problems], [[], []]);
});
