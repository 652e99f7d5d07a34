import { after, test } from 'node:test';
import { startBackends, type Teardown } from '../../tools/support/backends.ts';
import { nextId } from '../../tools/support/sdk.ts';
import { openWindow, startBrowser } from '../support/browser/browser.ts';
import { ChatPage } from '../support/browser/chat-page.ts';
import { startCluster } from '../support/chat/local-chat.ts';
import { person } from '../support/chat/person.ts';

const file: Teardown = { after };
const browser = await startBrowser(file);
const cluster = await startCluster(file, await startBackends(file), {
  env: { CHAT_DEV_SIGN_IN: 'Enabled', CHAT_WEB_PAGE: 'Enabled' },
});

test('unread messages show in the list, also those from before, and reading on one device clears them on the other', async t => {
  const [first, second] = cluster.gateways;
  const ann = await person(t, first.url, 'ann');
  const { room } = await ann.act('room.create', { kind: 'group', name: 'Tea', members: ['bob'] });
  const say = async (text: string) => {
    const id = nextId();
    const { offset } = await ann.act('message.send', { room, id, text });
    return { target: offset, of: id };
  };
  await say('before');
  const open = async (port: number) => {
    const { page } = await openWindow(t, browser);
    const chat = new ChatPage(page);
    await chat.signIn(`http://127.0.0.1:${port}/#channel:other`, 'bob');
    const button = page.getByRole('navigation').getByRole('button', { name: 'Tea' });
    const shows = (count: string) => button.locator('.badge', { hasText: new RegExp(`^${count}$`) }).waitFor();
    const nothing = () => page.getByRole('navigation').locator('.room.unread').waitFor({ state: 'detached' });
    return { chat, page, button, shows, nothing };
  };
  const phone = await open(first.port);
  const laptop = await open(second.port);
  for (const { shows } of [phone, laptop]) await shows('1');
  const wrong = await say('wrong');
  for (const { shows } of [phone, laptop]) await shows('2');
  await ann.act('message.delete', { room, targets: [wrong] });
  for (const { shows } of [phone, laptop]) await shows('1');
  await phone.button.click();
  await phone.chat.shows('before');
  await laptop.nothing();
  await phone.page.goto('about:blank');
  await say('after');
  await laptop.shows('1');
  await laptop.page.reload();
  await laptop.shows('1');
});
