import type { Message } from '../../../client/message.ts';
import { element } from '../dom/element.ts';
import type { Texts } from '../i18n/language.ts';
import { avatar } from './avatar.ts';
import { Dialog, dialogButton, dialogButtons } from './dialog.ts';

/** Shows a message that is far above the loaded ones, with those around it. @param offset of the message, which is among them */
export function showContext(parent: HTMLElement, texts: Texts, messages: readonly Message[], offset: number): void {
  const rows = messages.map(message => {
    const isDeleted = message.deleted > 0;
    const text = isDeleted ? texts.text('message.deleted') : message.text;
    return element(
      'li',
      { class: message.offset === offset ? 'named' : '', attributes: { tabindex: '-1' } },
      avatar(message.user),
      element('span', { class: 'sender', text: message.user, attributes: { dir: 'auto' } }),
      element('time', { text: texts.dayAndTime(message.time) }),
      element('span', { class: isDeleted ? 'text gone' : 'text', text, attributes: { dir: 'auto' } }),
    );
  });
  const title = texts.text('context.title');
  const dialog: Dialog = new Dialog(parent, {
    title,
    className: 'wide',
    content: [
      element('ol', { class: 'context', attributes: { 'aria-label': title } }, ...rows),
      dialogButtons(dialogButton(texts.text('nav.closeMenu'), 'secondary', () => dialog.close())),
    ],
  });
  const named = rows[messages.findIndex(message => message.offset === offset)];
  named?.scrollIntoView({ block: 'center' });
  named?.focus({ preventScroll: true });
}
