import { element } from '../dom/element.ts';
import type { Texts } from '../i18n/language.ts';

/** Asks whether to delete a message. The dialog removes itself at the end. @param onEnd true to delete it */
export function askDelete(parent: HTMLElement, texts: Texts, text: string, onEnd: (confirmed: boolean) => void): void {
  const button = (key: 'edit.cancel' | 'message.delete', className: string, value: string) =>
    element('button', { class: className, text: texts.text(key), attributes: { type: 'submit', value } });
  const dialog = element(
    'dialog',
    {
      class: 'dialog',
      attributes: { 'aria-labelledby': 'delete-title', 'aria-describedby': 'delete-note' },
      on: {
        close: () => {
          dialog.remove();
          onEnd(dialog.returnValue === 'delete');
        },
        // The page closes its drawers at this key.
        keydown: event => event.stopPropagation(),
      },
    },
    element('h2', { text: texts.text('delete.title'), attributes: { id: 'delete-title' } }),
    element('p', { class: 'dialog-quote', text, attributes: { dir: 'auto' } }),
    element('p', { text: texts.text('delete.note'), attributes: { id: 'delete-note' } }),
    element(
      'form',
      { class: 'dialog-buttons', attributes: { method: 'dialog' } },
      button('edit.cancel', 'secondary', ''),
      button('message.delete', 'primary danger', 'delete'),
    ),
  );
  parent.append(dialog);
  dialog.showModal();
}
