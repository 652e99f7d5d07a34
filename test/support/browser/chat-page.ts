import type { Locator, Page } from 'playwright-core';
import { until } from '../../../tools/support/until.ts';

/** The chat page as a person uses it: by labels and texts. */
export class ChatPage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** Opens the page and signs in. */
  async signIn(url: string, name: string): Promise<void> {
    await this.page.goto(url);
    await this.page.getByLabel('Your name').fill(name);
    await this.page.getByRole('button', { name: 'Sign in' }).click();
    await this.page.getByRole('heading', { level: 1 }).waitFor();
  }

  async say(text: string): Promise<void> {
    const composer = this.page.getByRole('textbox', { name: /^Message to|发送到/ });
    await composer.fill(text);
    await composer.press('Enter');
  }

  get messages(): Locator {
    return this.page.locator('.messages .message:not(.pending):not(.refused) .bubble .text');
  }

  get pending(): Locator {
    return this.page.locator('.messages .message.pending .bubble .text');
  }

  /** The row of the message with this text. */
  row(text: string): Locator {
    return this.page.locator('.messages .message', { has: this.page.locator('.bubble .text', { hasText: text }) });
  }

  /** Opens the menu of a message and chooses an item. */
  async choose(text: string, item: string): Promise<void> {
    await this.row(text)
      .getByRole('button', { name: /^Actions for/ })
      .click();
    await this.page
      .getByRole('menu')
      .getByRole(/^React/.test(item) ? 'menuitemcheckbox' : 'menuitem', { name: item })
      .click();
  }

  get people(): Locator {
    return this.page.getByRole('complementary', { name: 'Who is here' }).locator('.person-name');
  }

  /** The page's words about its connection: the state, and directly behind it the gateway's name. */
  async connection(): Promise<string> {
    return (await this.page.locator('.connection').textContent()) ?? '';
  }

  /** Waits until the page says it is connected, to this gateway if one is named. */
  async connected(gateway = ''): Promise<void> {
    let seen = '';
    await until(
      `the page is connected ${gateway}`,
      async () => {
        seen = await this.connection();
        return seen.startsWith('Connected') && seen.endsWith(gateway);
      },
      { state: () => seen },
    );
  }

  /** Waits until the last messages shown are exactly these. */
  async shows(...texts: string[]): Promise<void> {
    let seen: string[] = [];
    await until(
      `the page ends with ${JSON.stringify(texts)}`,
      async () => {
        seen = await this.messages.allInnerTexts();
        return JSON.stringify(seen.slice(-texts.length)) === JSON.stringify(texts);
      },
      { state: () => seen.slice(-10) },
    );
  }
}
