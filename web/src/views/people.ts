import type { Room } from '../../../client/room.ts';
import { element, reconcile, setText } from '../dom/element.ts';
import type { Texts } from '../i18n/language.ts';
import { avatar } from './avatar.ts';
import { iconButton } from './icon-button.ts';

type Person = { readonly user: string; readonly connections: number };

/** The people in the room. */
export class People {
  readonly root: HTMLElement;
  readonly #texts: Texts;
  readonly #user: string;
  readonly #list = element('ul', { class: 'people-list' });
  readonly #note = element('p', { class: 'people-note' });

  constructor(texts: Texts, user: string, onClose: () => void) {
    this.#texts = texts;
    this.#user = user;
    this.root = element(
      'aside',
      { class: 'people', attributes: { id: 'people', 'aria-labelledby': 'people-title' } },
      element(
        'div',
        { class: 'people-head' },
        element('h2', { text: texts.text('people.title'), attributes: { id: 'people-title' } }),
        iconButton('close', texts.text('people.hide'), onClose, 'only-medium'),
      ),
      this.#list,
      this.#note,
    );
  }

  update(room: Room): void {
    const users = room.users;
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
