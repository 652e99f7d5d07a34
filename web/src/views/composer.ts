import type { ReplyTo } from '../../../server/fold/entry.ts';
import type { Mentions } from '../../../server/fold/mentions.ts';
import { element, setText } from '../dom/element.ts';
import { icon } from '../dom/icons.ts';
import type { Texts } from '../i18n/language.ts';
import { iconButton } from './icon-button.ts';
import { MentionList, type MentionListOptions } from './mention-list.ts';

export interface ComposerOptions extends Pick<MentionListOptions, 'candidates' | 'chosen'> {
  readonly texts: Texts;
  /** Name of the room within a sentence. */
  readonly room: string;
  readonly draft: string;
  readonly onDraft: (text: string) => void;
  /** Called when the user changes the text: with false if none is left. */
  readonly onTyping: (on: boolean) => void;
  readonly onSend: (text: string, said: Mentions, replyTo?: ReplyTo) => void;
  /** Called when the last message of this user is to be edited. */
  readonly onEditLast: () => void;
}

/** Message to answer, as the field shows it. */
export interface Answered {
  readonly offset: number;
  readonly id: string;
  readonly user: string;
  readonly text: string;
}

/** The field for a new message, with its button and hint. */
export class Composer {
  readonly root: HTMLElement;
  readonly #texts: Texts;
  readonly #input: HTMLTextAreaElement;
  readonly #send: HTMLButtonElement;
  readonly #mentions: MentionList;
  readonly #hint = element('p', { class: 'composer-hint', attributes: { id: 'composer-hint' } });

  readonly #reply = element('div', { class: 'reply-bar' });
  #replyTo: ReplyTo | null = null;

  constructor(options: ComposerOptions) {
    const { texts, room, draft, onDraft, onTyping, onSend, onEditLast } = options;
    this.#texts = texts;
    this.#input = element('textarea', {
      attributes: {
        rows: '1',
        dir: 'auto',
        'aria-describedby': 'composer-hint',
        enterkeyhint: 'send',
      },
      on: {
        input: () => {
          onDraft(this.#input.value);
          onTyping(this.#input.value.trim() !== '');
          this.#fit();
        },
        keydown: event => {
          // Keys belong to an input method while it is composing: Enter chooses a word.
          if (event.isComposing || this.#mentions.key(event)) return;
          if (event.key === 'Escape') this.reply(null);
          else if (event.key === 'ArrowUp' && this.#input.value === '') {
            event.preventDefault();
            onEditLast();
          } else if (event.key === 'Enter' && !event.shiftKey) {
            event.preventDefault();
            submit();
          }
        },
      },
    });
    this.#input.value = draft;
    this.#mentions = new MentionList({ ...options, input: this.#input });
    this.rename(room);
    const label = texts.text('composer.send');
    this.#send = element(
      'button',
      { class: 'send', attributes: { type: 'submit', 'aria-label': label, title: label } },
      icon('send'),
    );
    const submit = () => {
      const text = this.#input.value.trim();
      if (text === '' || this.#input.disabled) return;
      this.#input.value = '';
      onDraft('');
      this.#fit();
      onSend(text, this.#mentions.take(text), this.#replyTo ?? undefined);
      this.#mentions.update();
      this.reply(null);
      this.#input.focus();
    };
    this.root = element(
      'form',
      {
        class: 'composer',
        on: {
          submit: event => {
            event.preventDefault();
            submit();
          },
        },
      },
      this.#reply,
      element('div', { class: 'composer-field' }, this.#mentions.root, this.#input, this.#send),
      this.#hint,
    );
    this.#fit();
  }

  /** Makes the next message answer another one; null for none. */
  reply(answered: Answered | null): void {
    this.#replyTo = answered && { offset: answered.offset, id: answered.id };
    this.#reply.replaceChildren(...(answered ? this.#replyBar(answered) : []));
    if (answered) this.#input.focus();
  }

  #replyBar({ user, text }: Answered): HTMLElement[] {
    const cancel = () => {
      this.reply(null);
      this.#input.focus();
    };
    return [
      element(
        'div',
        { class: 'quote' },
        element('span', {
          class: 'quote-user',
          text: this.#texts.text('reply.to', { user }),
          attributes: { dir: 'auto' },
        }),
        element('span', { class: 'quote-text', text, attributes: { dir: 'auto' } }),
      ),
      iconButton('close', this.#texts.text('reply.cancel'), cancel),
    ];
  }

  /** Shows another name of the room. */
  rename(room: string): void {
    this.#input.placeholder = this.#texts.text('composer.placeholder', { room });
    this.#input.setAttribute('aria-label', this.#texts.text('composer.label', { room }));
  }

  /** @param readOnly reason why the user may not write here; null if the user may */
  update(online: boolean, refused: boolean, readOnly: string | null): void {
    this.#input.disabled = refused || readOnly !== null;
    this.#mentions.update();
    this.#send.disabled = this.#input.disabled || this.#input.value.trim() === '';
    this.root.classList.toggle('offline', !online);
    this.root.classList.toggle('read-only', readOnly !== null);
    setText(this.#hint, readOnly ?? this.#texts.text(online ? 'composer.hint' : 'composer.offline'));
  }

  /** Moves the focus to the field, except on touch screens: their keyboard would cover the messages. */
  focus(): void {
    if (!matchMedia('(pointer: coarse)').matches) this.#input.focus();
  }

  #fit(): void {
    this.#send.disabled = this.#input.disabled || this.#input.value.trim() === '';
    this.#input.style.height = 'auto';
    if (this.#input.scrollHeight > 0) this.#input.style.height = `${this.#input.scrollHeight}px`;
  }
}
