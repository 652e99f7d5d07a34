import type { Room } from '../../../client/room.ts';
import { element } from '../dom/element.ts';
import type { Texts } from '../i18n/language.ts';

/** Announces new messages of other users to screen readers, but not history. */
export class Announcer {
  readonly root = element('div', { class: 'unseen', attributes: { 'aria-live': 'polite', role: 'log' } });
  readonly #texts: Texts;
  readonly #user: string;
  /** Offset of the last message that was announced or found; null before the history of the room is here. */
  #last: number | null = null;

  constructor(texts: Texts, user: string) {
    this.#texts = texts;
    this.#user = user;
  }

  /** Begins with another room, or with none: nothing of the one before is left. */
  begin(): void {
    this.#last = null;
    this.root.replaceChildren();
  }

  update(room: Room): void {
    const last = room.messages.at(-1);
    if (!room.history.loaded) return;
    const isNew = last !== undefined && this.#last !== null && last.offset > this.#last;
    if (isNew && last.deleted === 0 && last.user !== this.#user) {
      const { user, text } = last;
      // A new element each time, so that the same text sent twice is announced twice.
      this.root.replaceChildren(element('p', { text: this.#texts.text('messages.announce', { user, text }) }));
    }
    this.#last = last?.offset ?? 0;
  }
}
