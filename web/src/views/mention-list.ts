import type { Room } from '../../../client/room.ts';
import { type Mentions, MOST_MENTIONS } from '../../../server/fold/mentions.ts';
import { element, showOnChange } from '../dom/element.ts';
import type { Texts } from '../i18n/language.ts';
import type { Candidate } from '../page/mention-candidates.ts';
import { EVERYBODY, mentionsIn, queryAt } from '../page/mention-words.ts';

export interface MentionListOptions {
  readonly texts: Texts;
  readonly input: HTMLTextAreaElement;
  /** Users, and perhaps everybody, who match the letters behind an `@`. */
  readonly candidates: (letters: string) => readonly Candidate[];
  /** Users chosen so far in this room; they outlive the field, as its draft does. */
  readonly chosen: Chosen;
}

/** Users who were chosen for the message that is being written. */
export interface Chosen {
  readonly users: Set<string>;
  all: boolean;
}

const CHOSEN = new WeakMap<Room, Chosen>();

/** Users chosen in a room while it is open, whether or not it is shown. */
export function chosenIn(room: Room): Chosen {
  const chosen = CHOSEN.get(room) ?? { users: new Set<string>(), all: false };
  CHOSEN.set(room, chosen);
  return chosen;
}

/** Offers users to mention while the user writes `@` and letters in a field, which keeps the focus. */
export class MentionList {
  readonly root: HTMLElement;
  readonly #options: MentionListOptions;
  #shown: readonly Candidate[] = [];
  #active = 0;
  /** Text and place for which the user closed the list. */
  #closedAt = '';

  constructor(options: MentionListOptions) {
    this.#options = options;
    const { input, texts } = options;
    this.root = element('ul', {
      class: 'mention-list',
      attributes: { id: 'mention-list', role: 'listbox', 'aria-label': texts.text('mention.list'), hidden: '' },
      // The field keeps the focus.
      on: { pointerdown: event => event.preventDefault() },
    });
    for (const [name, value] of [
      ['aria-autocomplete', 'list'],
      ['aria-haspopup', 'listbox'],
    ] as const)
      input.setAttribute(name, value);
    for (const event of ['input', 'click', 'keyup', 'focus']) input.addEventListener(event, () => this.update());
    input.addEventListener('blur', () => this.#show([]));
  }

  /** Looks again at the field and at the room. */
  update(): void {
    const { input, candidates } = this.#options;
    const query = this.#query();
    const isWanted = query && document.activeElement === input && this.#closedAt !== this.#place();
    this.#show(isWanted ? candidates(query.letters) : []);
  }

  /** Takes a key if it is for the list. @returns true if it was */
  key(event: KeyboardEvent): boolean {
    if (this.#shown.length === 0 || event.shiftKey) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const candidate = this.#shown[this.#active];
    if (step !== undefined) {
      this.#active = (this.#active + step + this.#shown.length) % this.#shown.length;
      this.#draw();
    } else if (event.key === 'Escape') {
      this.#closedAt = this.#place();
      this.#show([]);
    } else if (event.key === 'Enter' && candidate) this.#choose(candidate);
    else return false;
    event.preventDefault();
    return true;
  }

  /** Mentions of the text that is sent; nobody is chosen for the next one. */
  take(text: string): Mentions {
    const { chosen } = this.#options;
    const all = { mentions: [...chosen.users], ...(chosen.all ? { all: true as const } : {}) };
    const { mentions = [], ...everybody } = mentionsIn(text, all);
    chosen.users.clear();
    chosen.all = false;
    return { mentions: mentions.slice(0, MOST_MENTIONS), ...everybody };
  }

  #choose({ user }: Candidate): void {
    const { input, chosen } = this.#options;
    const query = this.#query();
    if (!query) return;
    if (user === null) chosen.all = true;
    else chosen.users.add(user);
    input.setRangeText(`@${user ?? EVERYBODY} `, query.start, input.selectionStart, 'end');
    input.dispatchEvent(new Event('input', { bubbles: true }));
  }

  #query(): ReturnType<typeof queryAt> {
    const { value, selectionStart, selectionEnd } = this.#options.input;
    return selectionStart === selectionEnd ? queryAt(value, selectionStart) : null;
  }

  #place(): string {
    const { value, selectionStart } = this.#options.input;
    return `${selectionStart} ${value}`;
  }

  #show(candidates: readonly Candidate[]): void {
    const key = (some: readonly Candidate[]) => JSON.stringify(some.map(({ user }) => user));
    if (key(candidates) !== key(this.#shown)) this.#active = 0;
    this.#shown = candidates;
    this.#draw();
  }

  #draw(): void {
    const { input, texts } = this.#options;
    const isOpen = this.#shown.length > 0;
    this.root.hidden = !isOpen;
    showOnChange(this.root, [this.#shown, this.#active], () =>
      this.#shown.map((candidate, index) =>
        element(
          'li',
          {
            attributes: { id: `mention-${index}`, role: 'option', 'aria-selected': String(index === this.#active) },
            on: { click: () => this.#choose(candidate) },
          },
          element('span', {
            class: 'mention-name',
            text: candidate.user === null ? texts.text('mention.all') : candidate.name,
            attributes: { dir: 'auto' },
          }),
          element('span', { class: 'mention-id', text: `@${candidate.user ?? EVERYBODY}` }),
        ),
      ),
    );
    for (const [name, value] of [
      ['aria-controls', 'mention-list'],
      ['aria-activedescendant', `mention-${this.#active}`],
    ] as const)
      if (isOpen) input.setAttribute(name, value);
      else input.removeAttribute(name);
  }
}
