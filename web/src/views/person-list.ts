import { element, reconcile, setText, showOnChange } from '../dom/element.ts';
import type { StringKey } from '../i18n/en.ts';
import { avatar } from './avatar.ts';
import { dialogButton } from './dialog.ts';
import { iconButton } from './icon-button.ts';
import { actsOn, nameOf, type PeopleContext, type PersonAct } from './person-acts.ts';
import { statusLine } from './person-dialog.ts';
import { showState } from './user-state.ts';

export interface ListedPerson {
  readonly user: string;
  /** Name to show while the profile is not known. Default: the id. */
  readonly name?: string | undefined;
  /** Line below the name. Default: the status; without one the id, where a name is shown. */
  readonly more?: string | undefined;
  /** True for a user whom the search did not find. */
  readonly unlisted?: boolean;
}

/** Acts that have a button in a row; the others are behind the button `more`. */
const BUTTONS: Partial<Record<PersonAct, StringKey>> = {
  write: 'person.writeTo',
  add: 'person.addNamed',
  accept: 'person.acceptNamed',
  decline: 'person.declineNamed',
  takeBack: 'person.takeBackNamed',
  unblock: 'person.unblockNamed',
};

/** Most buttons of a row: more do not fit beside a name on a phone. */
const MOST_BUTTONS = 2;

/** List of users, each with what the user may do most likely. */
export class PersonList {
  readonly root = element('ul', { class: 'contacts' });
  readonly #context: PeopleContext;
  readonly #onAct: (act: PersonAct, user: string, name: string) => void;
  readonly #onMore: (user: string) => void;

  constructor(
    context: PeopleContext,
    label: string,
    on: { readonly act: (act: PersonAct, user: string, name: string) => void; readonly more: (user: string) => void },
  ) {
    this.#context = context;
    this.#onAct = on.act;
    this.#onMore = on.more;
    this.root.setAttribute('aria-label', label);
  }

  update(people: readonly ListedPerson[]): void {
    reconcile<ListedPerson>(this.root, people, {
      key: ({ user }) => user,
      create: ({ user }) =>
        element(
          'li',
          { class: 'contact' },
          avatar(user),
          element('span', { class: 'contact-name', attributes: { dir: 'auto' } }),
          element('span', { class: 'contact-more', attributes: { dir: 'auto' } }),
          element('span', { class: 'contact-acts' }),
        ),
      update: (target, person) => this.#update(target, person),
    });
  }

  #update(target: HTMLElement, { user, name: found, more: line, unlisted = false }: ListedPerson): void {
    const { texts, chat } = this.#context;
    const [, name, more, acts] = target.children;
    if (!name || !more || !(acts instanceof HTMLElement)) return;
    const known = nameOf(chat, user);
    const shown = known === user ? found || user : known;
    setText(name, shown);
    showState(target, texts, chat.states.of(user) ?? { state: 'offline' });
    const nameless = unlisted ? texts.text('friends.byId') : '';
    const status = statusLine(chat.profiles.of(user)?.status, chat.now());
    setText(more, line ?? (status || (shown === user ? nameless : user)));
    const may = actsOn(chat, user);
    showOnChange(acts, [shown, may], () => {
      const named = may.filter(act => BUTTONS[act]).slice(0, MOST_BUTTONS);
      return [
        ...named.map((act, index) => this.#button(act, user, shown, index === 0)),
        iconButton('more', texts.text('person.about', { user: shown }), () => this.#onMore(user)),
      ];
    });
  }

  #button(act: PersonAct, user: string, name: string, first: boolean): HTMLElement {
    const { texts } = this.#context;
    const label = texts.text(BUTTONS[act] ?? 'person.about', { user: name });
    const onClick = () => this.#onAct(act, user, name);
    if (act === 'write') return iconButton('chat', label, onClick);
    if (!first) return iconButton('close', label, onClick);
    const button = dialogButton(texts.text(`person.${act}`), 'secondary', onClick);
    button.setAttribute('aria-label', label);
    return button;
  }
}
