import type { Chat } from '../../../client/chat.ts';
import type { Room } from '../../../client/room.ts';
import { element, reconcile, setText } from '../dom/element.ts';
import type { Texts } from '../i18n/language.ts';
import { avatar } from './avatar.ts';
import { iconButton } from './icon-button.ts';
import { Members } from './members.ts';

type Person = { readonly user: string; readonly connections: number };

/** The people in the room, and its members. */
export class People {
  readonly root: HTMLElement;
  readonly #texts: Texts;
  readonly #user: string;
  readonly #list = element('ul', { class: 'people-list' });
  readonly #title: HTMLElement;
  readonly #members: Members;
  readonly #membersTitle: HTMLElement;
  readonly #note = element('p', { class: 'people-note' });
  readonly #parts: HTMLElement;

  constructor(texts: Texts, chat: Chat, onClose: () => void) {
    this.#texts = texts;
    this.#user = chat.user;
    this.#members = new Members(texts, chat);
    this.#title = element('h2', { attributes: { id: 'people-title' } });
    this.#membersTitle = element('h2', { class: 'members-title', text: texts.text('members.title') });
    this.#parts = element('div', {}, this.#list, this.#note, this.#membersTitle, this.#members.root);
    this.root = element(
      'aside',
      { class: 'people', attributes: { id: 'people', 'aria-labelledby': 'people-title' } },
      element(
        'div',
        { class: 'people-head' },
        this.#title,
        iconButton('close', texts.text('people.hide'), onClose, 'only-medium'),
      ),
      this.#parts,
    );
  }

  /** @param room room that is shown; null for none */
  update(room: Room | null): void {
    this.#parts.hidden = room === null;
    if (room) this.#show(room);
    else {
      setText(this.#title, '');
      this.#list.replaceChildren();
      this.#members.clear();
    }
  }

  #show(room: Room): void {
    const { info, users } = room;
    // A room of members lists them, present or not; an open one those who are here, and members behind them if it has any.
    const closed = info.rules?.access === 'Members';
    const created = (info.state?.cv ?? 0) > 0;
    setText(this.#title, this.#texts.text(closed ? 'members.title' : 'people.title'));
    this.#list.hidden = closed;
    this.#note.hidden = closed;
    this.#membersTitle.hidden = closed || !created;
    this.#members.root.hidden = !created;
    if (created) this.#members.update(room);
    if (closed) return;
    const many = users === null && room.userCount !== null;
    const unknown = users === null && room.usersError ? this.#texts.text('people.unknown') : '';
    setText(this.#note, many ? this.#texts.text('people.many') : unknown);
    reconcile<Person>(this.#list, users ?? [], {
      key: person => person.user,
      create: person => this.#create(person),
      update: (target, person) => {
        const more = target.lastElementChild;
        if (more)
          setText(more, person.connections > 1 ? this.#texts.count('people.connections', person.connections) : '');
      },
    });
  }

  #create({ user }: Person): HTMLElement {
    const name = user === this.#user ? this.#texts.text('people.you', { user }) : user;
    return element(
      'li',
      { class: 'person' },
      avatar(user),
      element('span', { class: 'person-name', text: name, attributes: { dir: 'auto' } }),
      element('span', { class: 'person-more' }),
    );
  }
}
