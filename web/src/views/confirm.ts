import { element } from '../dom/element.ts';
import type { Texts } from '../i18n/language.ts';
import { actProblem } from './act-problem.ts';
import { Dialog, dialogButton, dialogButtons } from './dialog.ts';

export interface ConfirmOptions {
  readonly title: string;
  readonly note: string;
  /** Field below the note. Default: none. */
  readonly field?: HTMLElement;
  readonly confirm: string;
  readonly danger?: boolean;
  /** Runs once the user agrees. The dialog closes if it succeeds, else shows why not. */
  readonly run: () => Promise<unknown>;
  /** Sentence about an error of {@link run}. Default: that of an act on a room. */
  readonly problem?: (error: unknown) => string;
  readonly onClose?: () => void;
}

/** Asks the user to agree to an act, and does it. */
export function confirmAct(parent: HTMLElement, texts: Texts, options: ConfirmOptions): void {
  const { title, note, field = null, confirm, danger = false, run, problem, onClose } = options;
  const act = async () => {
    if (await dialog.run(run, problem ?? (error => actProblem(texts, error)))) dialog.close();
  };
  const dialog = new Dialog(parent, {
    title,
    content: [
      element('p', { text: note }),
      field,
      dialogButtons(
        dialogButton(texts.text('edit.cancel'), 'secondary', () => dialog.close()),
        dialogButton(confirm, danger ? 'primary danger' : 'primary', () => void act()),
      ),
    ],
    ...(onClose ? { onClose } : {}),
  });
}
