import { element, setText } from '../dom/element.ts';

export interface Tab<Id extends string> {
  readonly id: Id;
  readonly text: string;
  readonly panel: HTMLElement;
  /** Called each time the tab is shown. */
  readonly onShow?: () => void;
}

/** Tabs with their panels, one of them shown. Tab moves the focus to the selected tab and past the others; the arrow keys choose among them. */
export class Tabs<Id extends string> {
  readonly root: HTMLElement;
  readonly #tabs: readonly Tab<Id>[];
  readonly #buttons: ReadonlyMap<Id, HTMLButtonElement>;
  readonly #onSelect: () => void;
  #selected: Id | null = null;

  /** @param onSelect called before another tab is shown */
  constructor(label: string, tabs: readonly Tab<Id>[], onSelect: () => void) {
    this.#tabs = tabs;
    this.#onSelect = onSelect;
    const buttonOf = ({ id, text, panel }: Tab<Id>) => {
      panel.id = `panel-${id}`;
      panel.setAttribute('role', 'tabpanel');
      panel.setAttribute('aria-labelledby', `tab-${id}`);
      const attributes = { type: 'button', role: 'tab', id: `tab-${id}`, 'aria-controls': panel.id };
      return element('button', { class: 'tab', text, attributes, on: { click: () => this.select(id) } });
    };
    this.#buttons = new Map(tabs.map(tab => [tab.id, buttonOf(tab)]));
    const list = element(
      'div',
      {
        class: 'tabs',
        attributes: { role: 'tablist', 'aria-label': label },
        on: { keydown: event => this.#key(event) },
      },
      ...this.#buttons.values(),
    );
    this.root = element('div', { class: 'tabbed' }, list, ...tabs.map(({ panel }) => panel));
  }

  select(id: Id): void {
    this.#onSelect();
    this.#selected = id;
    for (const { id: other, panel, onShow } of this.#tabs) {
      const button = this.#buttons.get(other);
      button?.setAttribute('aria-selected', String(other === id));
      button?.setAttribute('tabindex', other === id ? '0' : '-1');
      panel.hidden = other !== id;
      if (other === id) onShow?.();
    }
  }

  /** Shows another name on a tab. */
  rename(id: Id, text: string): void {
    const button = this.#buttons.get(id);
    if (button) setText(button, text);
  }

  /** Moves the focus to the selected tab. */
  focus(): void {
    if (this.#selected !== null) this.#buttons.get(this.#selected)?.focus();
  }

  #key(event: KeyboardEvent): void {
    const last = this.#tabs.length - 1;
    const at = this.#tabs.findIndex(({ id }) => id === this.#selected);
    const steps: Readonly<Record<string, number>> = {
      ArrowRight: at === last ? 0 : at + 1,
      ArrowLeft: at === 0 ? last : at - 1,
      Home: 0,
      End: last,
    };
    const next = this.#tabs[steps[event.key] ?? -1];
    if (!next) return;
    event.preventDefault();
    this.select(next.id);
    this.focus();
  }
}
