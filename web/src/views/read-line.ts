import { element, setText } from '../dom/element.ts';
import type { Texts } from '../i18n/language.ts';

/** Words on who has read the last message, in the place of those on who is typing. */
export class ReadLine {
  readonly root = element('p', { class: 'typing', attributes: { dir: 'auto' } });
  readonly #texts: Texts;

  constructor(texts: Texts) {
    this.#texts = texts;
  }

  update(users: readonly string[]): void {
    setText(this.root, this.#words(users));
  }

  #words([first, second, ...more]: readonly string[]): string {
    if (first === undefined) return '';
    if (second === undefined) return this.#texts.text('read.one', { user: first });
    return this.#texts.text(more.length === 0 ? 'read.two' : 'read.many', { first, second });
  }
}
