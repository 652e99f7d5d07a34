import type { FoundUsers } from '../../../client/people.ts';
import { element, setText } from '../dom/element.ts';
import { actProblem } from './act-problem.ts';
import { dialogField } from './dialog.ts';
import type { PeopleContext, PersonAct } from './person-acts.ts';
import { type ListedPerson, PersonList } from './person-list.ts';

/** Pause in typing after which people are looked for, in ms. */
const PAUSE_MS = 250;
/** Text that may be the id of a user: no words with spaces between them. */
const ID = /^\S{1,250}$/u;

/** Field that finds people by name or id, with what it has found. */
export class FindPeople {
  readonly root: HTMLElement;
  readonly #context: PeopleContext;
  readonly #field: ReturnType<typeof dialogField>;
  readonly #list: PersonList;
  readonly #note = element('p', { class: 'people-empty', attributes: { role: 'status' } });
  readonly #onAsked: (asked: boolean) => void;
  #found: readonly ListedPerson[] = [];
  #pause: ReturnType<typeof setTimeout> | undefined;

  /** @param onAsked gets whether the field has a text */
  constructor(
    context: PeopleContext,
    on: { readonly act: (act: PersonAct, user: string, name: string) => void; readonly more: (user: string) => void },
    onAsked: (asked: boolean) => void,
  ) {
    this.#context = context;
    this.#onAsked = onAsked;
    const { texts } = context;
    this.#field = dialogField(texts.text('friends.search'), {
      type: 'search',
      maxlength: '100',
      autocapitalize: 'none',
      spellcheck: 'false',
    });
    this.#field.input.addEventListener('input', () => this.#changed());
    this.#list = new PersonList(context, texts.text('friends.found'), on);
    this.root = element('div', { class: 'find-people' }, this.#field.row, this.#list.root, this.#note);
  }

  focus(): void {
    this.#field.input.focus();
  }

  /** Shows again what the user may do with those who were found. */
  update(): void {
    this.#list.update(this.#found);
  }

  dispose(): void {
    clearTimeout(this.#pause);
  }

  get #asked(): string {
    return this.#field.input.value.trim();
  }

  #changed(): void {
    clearTimeout(this.#pause);
    this.#onAsked(this.#asked !== '');
    if (this.#asked === '') this.#show([], '');
    else this.#pause = setTimeout(() => void this.#look(), PAUSE_MS);
  }

  async #look(): Promise<void> {
    const { texts, chat } = this.#context;
    const q = this.#asked;
    let found: FoundUsers;
    try {
      found = await chat.people.search(q);
    } catch (error) {
      if (this.#asked === q) this.#show([], actProblem(texts, error));
      return;
    }
    if (this.#asked !== q) return;
    const users = found.users.filter(({ user }) => user !== chat.user);
    const known: readonly ListedPerson[] = users.map(({ user, name }) => ({ user, name }));
    // The server has no list of users: one who never set anything is found by nobody, and can still be written to.
    const maybe = ID.test(q) && q !== chat.user && !users.some(({ user }) => user === q);
    const all = maybe ? [...known, { user: q, unlisted: true }] : known;
    const more = found.cursor === undefined ? '' : texts.text('friends.moreFound');
    this.#show(all, all.length === 0 ? texts.text('friends.nobodyFound') : more);
  }

  #show(found: readonly ListedPerson[], note: string): void {
    this.#found = found;
    this.#list.update(found);
    setText(this.#note, note);
  }
}
