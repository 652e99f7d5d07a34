import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import type { BrowserContextOptions } from 'playwright-core';
import { startBackends, type Teardown } from '../../tools/support/backends.ts';
import { until } from '../../tools/support/until.ts';
import { openWindow, startBrowser } from '../support/browser/browser.ts';
import { ChatPage } from '../support/browser/chat-page.ts';
import { startClient } from '../support/chat/dev-client.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const file: Teardown = { after };
const browser = await startBrowser(file);
const cluster = await startCluster(file, await startBackends(file), {
  env: { CHAT_DEV_SIGN_IN: 'Enabled', CHAT_WEB_PAGE: 'Enabled' },
});
const [{ port }] = cluster.gateways;

/** Zone of whole hours in which it is so many hours past midnight, or one more if an hour begins now. */
function zoneAt(hour: number): string {
  const behind = (new Date().getUTCHours() - hour + 24) % 24;
  return behind <= 12 ? `Etc/GMT+${behind}` : `Etc/GMT-${24 - behind}`;
}

/** A page on a machine whose clock is wrong by so many milliseconds, in a zone. */
async function openPage(t: TestContext, room: string, shiftMs: number, timezoneId: string): Promise<ChatPage> {
  const options: BrowserContextOptions = { timezoneId };
  const { page } = await openWindow(t, browser, options);
  await page.addInitScript(shift => {
    const Right = Date;
    globalThis.Date = class extends Right {
      constructor(...parts: [number?]) {
        super(parts[0] ?? Right.now() + shift);
      }
      static override now(): number {
        return Right.now() + shift;
      }
    } as DateConstructor;
  }, shiftMs);
  const chat = new ChatPage(page);
  await chat.signIn(`http://127.0.0.1:${port}/#channel:${room}`, 'alice');
  await chat.connected();
  return chat;
}

test("days are the viewer's, by the server's time, whatever the machine's clock says", async t => {
  const room = 'days';
  const say = async (text: string) => {
    const open = startClient(t, 'bob', port).open(`channel:${room}`);
    open.send(text);
    await until(`${text} is stored`, () => open.messages.some(message => message.text === text));
  };
  // The server's clock: half an hour before the current hour, then right.
  const real = Date.now;
  const earlier = (real() % HOUR_MS) + 30 * MINUTE_MS;
  const clock = t.mock.method(Date, 'now', () => real() - earlier);
  await say('at half past');
  clock.mock.restore();
  await say('now');

  for (const shift of [-DAY_MS, 0, DAY_MS])
    for (const [hour, days] of [
      [0, ['Yesterday', 'Today']],
      [12, ['Today']],
    ] as const) {
      const alice = await openPage(t, room, shift, zoneAt(hour));
      await alice.shows('at half past', 'now');
      assert.deepEqual(
        await alice.page.locator('.separator').allInnerTexts(),
        days,
        `clock ${shift} ms off, ${hour} h`,
      );
    }
});
