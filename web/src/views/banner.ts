import { element } from '../dom/element.ts';
import { icon } from '../dom/icons.ts';
import type { Texts } from '../i18n/language.ts';

/** A text above the conversation that stays until the user closes it. */
export class Banner {
  readonly root = element('div', { class: 'banner', attributes: { role: 'alert' } });
  readonly #texts: Texts;
  readonly #onClose: () => void;

  constructor(texts: Texts, onClose: () => void) {
    this.#texts = texts;
    this.#onClose = onClose;
    this.root.hidden = true;
  }

  /** Moves the focus to the button that closes it. */
  focus(): void {
    this.root.querySelector('button')?.focus();
  }

  show(text: string): void {
    const close = () => {
      this.root.hidden = true;
      this.root.replaceChildren();
      this.#onClose();
    };
    this.root.hidden = false;
    this.root.replaceChildren(...closableText(this.#texts, text, close));
  }
}

/** Icon, text and the button that closes it. */
export function closableText(texts: Texts, text: string, close: () => void): readonly (Node | string)[] {
  return [
    icon('alert'),
    element('span', { text, attributes: { dir: 'auto' } }),
    element('button', {
      class: 'text-button',
      text: texts.text('banner.close'),
      attributes: { type: 'button' },
      on: { click: close },
    }),
  ];
}
