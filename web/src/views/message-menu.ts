import { element } from '../dom/element.ts';
import { type IconName, icon } from '../dom/icons.ts';
import type { StringKey } from '../i18n/en.ts';
import type { Texts } from '../i18n/language.ts';
import type { MessageRow } from '../page/message-rows.ts';

/** Emoji that are offered for every message; what else is on it is chosen by its chip. */
const OFFERED = ['👍', '❤️', '😂', '🎉', '😮', '😢'];
/** Space between the menu, its button and the edges of the window, in pixels. */
const GAP = 6;

export interface MessageMenuOptions {
  readonly texts: Texts;
  readonly onReact: (row: MessageRow, emoji: string, on: boolean) => void;
  readonly onReply: (row: MessageRow) => void;
  readonly onEdit: (row: MessageRow) => void;
  readonly onDelete: (row: MessageRow) => void;
}

/** Menu of one message at a time: a row of reactions, and below it what else can be done. */
export class MessageMenu {
  readonly root: HTMLElement;
  readonly #options: MessageMenuOptions;
  #button: HTMLButtonElement | null = null;

  constructor(options: MessageMenuOptions) {
    this.#options = options;
    this.root = element('div', {
      class: 'menu',
      attributes: { role: 'menu', popover: 'manual' },
      on: { keydown: event => this.#onKey(event) },
    });
  }

  /** Opens the menu of a message; closes it if it is open for that message. */
  toggle(row: MessageRow, button: HTMLButtonElement): void {
    const again = this.#button === button;
    this.close();
    if (again) return;
    this.#button = button;
    button.ariaExpanded = 'true';
    this.root.ariaLabel = button.ariaLabel;
    this.root.replaceChildren(...this.#items(row));
    this.root.showPopover();
    this.#place(button);
    this.#entries[0]?.focus();
    document.addEventListener('pointerdown', this.#onPointer, true);
  }

  /** Closes the menu. @param focus true to give the focus back to its button */
  close(focus = false): void {
    const button = this.#button;
    if (!button) return;
    this.#button = null;
    button.ariaExpanded = 'false';
    document.removeEventListener('pointerdown', this.#onPointer, true);
    this.root.hidePopover();
    if (focus) button.focus();
  }

  readonly #onPointer = ({ target }: PointerEvent): void => {
    if (target instanceof Node && !this.root.contains(target) && !this.#button?.contains(target)) this.close();
  };

  #items(row: MessageRow): HTMLElement[] {
    const { texts, onReact, onReply, onEdit, onDelete } = this.#options;
    const own = new Set(row.chips.filter(chip => chip.own).map(({ emoji }) => emoji));
    const reactions = OFFERED.map(emoji => {
      const item = this.#item(texts.text('message.react', { emoji }), 'emoji', () => {
        this.close(true);
        onReact(row, emoji, !own.has(emoji));
      });
      item.role = 'menuitemcheckbox';
      item.ariaChecked = String(own.has(emoji));
      item.textContent = emoji;
      return item;
    });
    const entry = (name: IconName, key: StringKey, run: () => void, extraClass = '') => {
      const text = texts.text(key);
      const item = this.#item(text, `menu-item ${extraClass}`.trim(), run);
      item.append(icon(name), element('span', { text }));
      return item;
    };
    const and = (run: () => void) => () => {
      this.close();
      run();
    };
    return [
      element('div', { class: 'menu-emoji', attributes: { role: 'group' } }, ...reactions),
      entry(
        'reply',
        'message.reply',
        and(() => onReply(row)),
      ),
      ...(row.own
        ? [
            entry(
              'edit',
              'message.edit',
              and(() => onEdit(row)),
            ),
            entry(
              'trash',
              'message.delete',
              and(() => onDelete(row)),
              'danger',
            ),
          ]
        : []),
    ];
  }

  #item(label: string, className: string, run: () => void): HTMLButtonElement {
    return element('button', {
      class: className,
      attributes: { type: 'button', role: 'menuitem', tabindex: '-1', 'aria-label': label },
      on: { click: run },
    });
  }

  #place(button: HTMLButtonElement): void {
    const { top, bottom, left, right } = button.getBoundingClientRect();
    const { width, height } = this.root.getBoundingClientRect();
    const below = bottom + GAP + height <= innerHeight - GAP;
    // The menu opens towards the middle of the window.
    const x = left > innerWidth / 2 ? right - width : left;
    this.root.style.top = `${Math.max(GAP, below ? bottom + GAP : top - GAP - height)}px`;
    this.root.style.left = `${Math.min(Math.max(GAP, x), innerWidth - width - GAP)}px`;
  }

  get #entries(): HTMLElement[] {
    return [...this.root.querySelectorAll<HTMLElement>('[role^="menuitem"]')];
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key === 'Escape' || event.key === 'Tab') {
      event.stopPropagation();
      event.preventDefault();
      this.close(true);
      return;
    }
    const entries: readonly (Element | null)[] = this.#entries;
    const at = entries.indexOf(document.activeElement);
    const next = nextOf(event.key, at, OFFERED.length);
    if (next === null) return;
    event.preventDefault();
    this.#entries.at(next % entries.length)?.focus();
  }
}

/**
 * Item that a key leads to from the item `at`; below zero it counts from the end. Null for another key.
 * @param row number of the first items that stand in one row, which the keys up and down leave
 */
function nextOf(key: string, at: number, row: number): number | null {
  switch (key) {
    case 'ArrowRight':
      return at + 1;
    case 'ArrowLeft':
      return at - 1;
    case 'ArrowDown':
      return Math.max(at + 1, row);
    case 'ArrowUp':
      if (at < row) return -1;
      return at === row ? 0 : at - 1;
    case 'Home':
      return 0;
    case 'End':
      return -1;
    default:
      return null;
  }
}
