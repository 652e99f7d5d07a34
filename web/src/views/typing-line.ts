import { element, setText } from '../dom/element.ts';
import type { Texts } from '../i18n/language.ts';

/** Line with the users who are typing; its height does not change. Screen readers hear of it when they have said the rest. */
export class TypingLine {
  readonly root = element('p', { class: 'typing', attributes: { role: 'status', dir: 'auto' } });
  readonly #texts: Texts;

  constructor(texts: Texts) {
    this.#texts = texts;
  }

  update(users: readonly string[]): void {
    setText(this.root, this.#words(users));
  }

  #words([first, second, ...more]: readonly string[]): string {
    if (first === undefined) return '';
    if (second === undefined) return this.#texts.text('typing.one', { user: first });
    return more.length === 0 ? this.#texts.text('typing.two', { first, second }) : this.#texts.text('typing.many');
  }
}
