import type { Room } from '../../../client/room.ts';
import { element, reconcile, setText } from '../dom/element.ts';
import { avatar } from './avatar.ts';
import { iconButton } from './icon-button.ts';
import { Members } from './members.ts';
import type { PeopleContext } from './person-acts.ts';
import { showPerson } from './person-dialog.ts';

type Person = { readonly user: string; readonly connections: number };

/** The people in the room, and its members. */
export class People {
  readonly root: HTMLElement;
  readonly #context: PeopleContext;
  readonly #list = element('ul', { class: 'people-list' });
  readonly #title: HTMLElement;
  readonly #members: Members;
  readonly #membersTitle: HTMLElement;
  readonly #note = element('p', { class: 'people-note' });
  readonly #parts: HTMLElement;

  constructor(context: PeopleContext, onClose: () => void) {
    this.#context = context;
    const { texts } = context;
    this.#members = new Members(context);
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
    const { texts } = this.#context;
    // A room of members lists them, present or not; an open one those who are here, and members behind them if it has any.
    const closed = info.rules?.access === 'Members';
    const created = (info.state?.cv ?? 0) > 0;
    setText(this.#title, texts.text(closed ? 'members.title' : 'people.title'));
    this.#list.hidden = closed;
    this.#note.hidden = closed;
    this.#membersTitle.hidden = closed || !created;
    this.#members.root.hidden = !created;
    if (created) this.#members.update(room);
    if (closed) return;
    const many = users === null && room.userCount !== null;
    const unknown = users === null && room.usersError ? texts.text('people.unknown') : '';
    setText(this.#note, many ? texts.text('people.many') : unknown);
    reconcile<Person>(this.#list, users ?? [], {
      key: person => person.user,
      create: person => this.#create(person),
      update: (target, person) => {
        const more = target.querySelector('.person-more');
        if (more) setText(more, person.connections > 1 ? texts.count('people.connections', person.connections) : '');
      },
    });
  }

  #create({ user }: Person): HTMLElement {
    const { texts, chat } = this.#context;
    const own = user === chat.user;
    const name = own ? texts.text('people.you', { user }) : user;
    const show = () => showPerson(this.root, this.#context, user);
    return element(
      'li',
      { class: 'person' },
      avatar(user),
      element('span', { class: 'person-name', text: name, attributes: { dir: 'auto' } }),
      element('span', { class: 'person-more' }),
      own
        ? null
        : element('span', { class: 'person-acts' }, iconButton('more', texts.text('person.about', { user }), show)),
    );
  }
}
