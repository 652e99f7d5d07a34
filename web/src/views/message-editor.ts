import { element } from '../dom/element.ts';
import type { Texts } from '../i18n/language.ts';

export interface MessageEditorOptions {
  readonly texts: Texts;
  readonly text: string;
  /** Called once at the end, with the new text or null if the user gave up or changed nothing. */
  readonly onEnd: (text: string | null) => void;
}

/** The field in which a message is edited, in the place of its bubble. */
export class MessageEditor {
  readonly root: HTMLElement;
  readonly #input: HTMLTextAreaElement;

  constructor({ texts, text, onEnd }: MessageEditorOptions) {
    const save = () => {
      const entered = this.#input.value.trim();
      onEnd(entered === '' || entered === text ? null : entered);
    };
    this.#input = element('textarea', {
      attributes: { rows: '1', dir: 'auto', 'aria-label': texts.text('edit.label'), enterkeyhint: 'done' },
      on: {
        input: () => this.#fit(),
        keydown: event => {
          // Enter and Escape belong to an input method while it is composing.
          if (event.isComposing) return;
          if (event.key === 'Escape') {
            event.stopPropagation();
            onEnd(null);
          } else if (event.key === 'Enter' && !event.shiftKey) {
            event.preventDefault();
            save();
          }
        },
      },
    });
    this.#input.value = text;
    this.root = element(
      'form',
      {
        class: 'editor',
        on: {
          submit: event => {
            event.preventDefault();
            save();
          },
        },
      },
      this.#input,
      element(
        'div',
        { class: 'editor-buttons' },
        element('button', {
          class: 'text-button',
          text: texts.text('edit.cancel'),
          attributes: { type: 'button' },
          on: { click: () => onEnd(null) },
        }),
        element('button', { class: 'text-button', text: texts.text('edit.save'), attributes: { type: 'submit' } }),
      ),
    );
  }

  focus(): void {
    this.#fit();
    this.#input.focus();
    this.#input.setSelectionRange(this.#input.value.length, this.#input.value.length);
  }

  #fit(): void {
    this.#input.style.height = 'auto';
    this.#input.style.height = `${this.#input.scrollHeight}px`;
  }
}
