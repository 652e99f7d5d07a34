import { element, setText } from '../dom/element.ts';

export interface DialogOptions {
  readonly title: string;
  readonly className?: string;
  readonly content: readonly (Node | null)[];
  /** Called at the end, however it comes. */
  readonly onClose?: () => void;
}

/** A modal dialog. It closes by Escape and by {@link close}, removes itself then, and gives the focus back. */
export class Dialog {
  readonly root: HTMLDialogElement;
  readonly #problem = element('p', { class: 'problem', attributes: { role: 'alert' } });

  constructor(parent: HTMLElement, { title, className = '', content, onClose }: DialogOptions) {
    const before = document.activeElement;
    this.root = element(
      'dialog',
      {
        class: `dialog ${className}`.trim(),
        attributes: { 'aria-label': title },
        on: {
          close: () => {
            this.root.remove();
            if (before instanceof HTMLElement && before.isConnected) before.focus();
            onClose?.();
          },
          // The page closes its drawers at this key.
          keydown: event => event.stopPropagation(),
        },
      },
      element('h2', { text: title }),
      ...content,
      this.#problem,
    );
    parent.append(this.root);
    this.root.showModal();
  }

  close(): void {
    this.root.close();
  }

  /** Shows another title. */
  rename(title: string): void {
    this.root.setAttribute('aria-label', title);
    const heading = this.root.querySelector('h2');
    if (heading) setText(heading, title);
  }

  /** Shows why something did not work; empty for nothing. */
  problem(text: string): void {
    setText(this.#problem, text);
  }

  /** Runs a call with the dialog's buttons disabled. @returns true if it succeeded; else its problem is shown */
  async run(call: () => Promise<unknown>, problemOf: (error: unknown) => string): Promise<boolean> {
    const buttons = [...this.root.querySelectorAll('button')].filter(button => !button.disabled);
    this.problem('');
    for (const button of buttons) button.disabled = true;
    try {
      await call();
      return true;
    } catch (error) {
      this.problem(problemOf(error));
      return false;
    } finally {
      for (const button of buttons) button.disabled = false;
    }
  }
}

/** Row of buttons at the end of a dialog. */
export const dialogButtons = (...buttons: readonly (HTMLElement | null)[]): HTMLElement =>
  element('div', { class: 'dialog-buttons' }, ...buttons);

/** A button of a dialog. `submit`: it sends the form that it stands in. */
export const dialogButton = (
  text: string,
  className: 'primary' | 'secondary' | 'primary danger' | 'secondary danger-text',
  onClick: (() => void) | 'submit',
): HTMLButtonElement =>
  element('button', {
    class: className,
    text,
    attributes: { type: onClick === 'submit' ? 'submit' : 'button' },
    on: onClick === 'submit' ? {} : { click: onClick },
  });

/** A labelled field of a dialog. */
export function dialogField(
  label: string,
  attributes: Readonly<Record<string, string>> = {},
): { readonly row: HTMLElement; readonly input: HTMLInputElement } {
  const input = element('input', { attributes: { autocomplete: 'off', ...attributes } });
  return { row: element('label', { class: 'field' }, element('span', { text: label }), input), input };
}

/** A form of a dialog. */
export const dialogForm = (onSubmit: () => void, ...children: readonly (Node | null)[]): HTMLFormElement =>
  element(
    'form',
    {
      attributes: { novalidate: '' },
      on: {
        submit: event => {
          event.preventDefault();
          onSubmit();
        },
      },
    },
    ...children,
  );
