import type { Chat } from '../../../client/chat.ts';
import type { Room } from '../../../client/room.ts';
import { element } from '../dom/element.ts';
import type { Texts } from '../i18n/language.ts';
import { closableText } from './banner.ts';

/** Room in which the platform announces. A gateway of an older release refuses it, and nothing is shown. */
export const ANNOUNCEMENTS = 'system:all';

/**
 * The newest announcement that the user has not closed, above the conversation. Closing it marks it as read, so it is closed on all
 * devices. What was announced before the user's first visit is not shown.
 */
export class Announcements {
  readonly root = element('div', { class: 'banner announcement', attributes: { role: 'status' } });
  readonly #room: Room;
  readonly #texts: Texts;
  readonly #undo: () => void;
  #shown = '';

  constructor(texts: Texts, chat: Pick<Chat, 'open'>) {
    this.#texts = texts;
    this.#room = chat.open(ANNOUNCEMENTS);
    this.#undo = this.#room.changed.add(() => this.#draw());
    this.root.hidden = true;
    this.#draw();
  }

  /** Ends listening. */
  dispose(): void {
    this.#undo();
  }

  #draw(): void {
    const { messages, readOffset, history } = this.#room;
    // Without a mark the room was empty when it was first loaded: all in it is new.
    const mark = readOffset ?? (history.loaded ? 0 : Number.POSITIVE_INFINITY);
    const newest = messages.findLast(({ deleted }) => deleted === 0);
    const isNew = newest !== undefined && newest.offset > mark;
    const text = isNew ? newest.text : '';
    if (text === this.#shown) return;
    this.#shown = text;
    this.root.hidden = text === '';
    this.root.replaceChildren(...closableText(this.#texts, text, () => this.#room.markRead()));
  }
}
