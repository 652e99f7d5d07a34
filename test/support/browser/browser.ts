import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import type { Teardown } from '../../../tools/support/backends.ts';

const DEFAULT_PATH = '/usr/bin/chromium';
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Starts Chromium: the one of CHROMIUM, else /usr/bin/chromium.
 * @throws naming the Debian package when there is none
 */
export async function startBrowser(t: Teardown): Promise<Browser> {
  const executablePath = process.env['CHROMIUM'] ?? DEFAULT_PATH;
  if (!existsSync(executablePath))
    throw new Error(
      `no browser at ${executablePath}: install the Debian package chromium (apt-get install chromium), or set CHROMIUM to the path of a Chromium or Chrome`,
    );
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  t.after(() => browser.close());
  return browser;
}

/** A window of its own, with storage of its own. Whatever goes wrong in its pages is kept in `problems`. */
export async function openWindow(
  t: Teardown,
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<{ readonly page: Page; readonly newTab: () => Promise<Page>; readonly problems: string[] }> {
  const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1280, height: 800 }, ...options });
  t.after(() => context.close());
  const problems: string[] = [];
  context.on('weberror', error => problems.push(String(error.error())));
  context.on('console', message => {
    if (message.type() === 'error') problems.push(message.text());
  });
  return { page: await context.newPage(), newTab: () => context.newPage(), problems };
}
