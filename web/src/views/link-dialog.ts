import type { Chat } from '../../../client/chat.ts';
import { element, setText } from '../dom/element.ts';
import type { Texts } from '../i18n/language.ts';
import { urlOfJoinLink } from '../page/page-url.ts';
import { actProblem } from './act-problem.ts';
import { Dialog, dialogButton, dialogButtons, dialogField } from './dialog.ts';

/** Makes a link into a room and shows it, to be copied. Links that were made before can be ended here. */
export function showLink(parent: HTMLElement, texts: Texts, chat: Chat, room: string): void {
  const link = dialogField(texts.text('link.label'), { readonly: '' });
  const note = element('p', { text: texts.text('link.note'), attributes: { role: 'status' } });
  const others = element('ul', { class: 'found links', attributes: { 'aria-label': texts.text('link.others') } });
  const problemOf = (error: unknown) => actProblem(texts, error);
  let own = '';

  const list = async () => {
    const { items } = await chat.call('link.list', { room });
    const rows = items.map(({ hash, by, used, expires }) => {
      const about = texts.text('link.about', { user: by, used, time: texts.fullTime(expires) });
      const end = dialogButton(texts.text('link.end'), 'secondary', () => void revoke(hash));
      return element('li', {}, element('span', { class: 'found-about', text: about }), end);
    });
    others.replaceChildren(...rows);
  };
  const revoke = async (hash: string) => {
    const call = async () => {
      await chat.act('link.revoke', { room, hash });
      if (hash === own) link.input.value = '';
      await list();
    };
    await dialog.run(call, problemOf);
  };
  const create = async () => {
    const call = async () => {
      const { token, hash } = await chat.act('link.create', { room });
      own = hash;
      link.input.value = urlOfJoinLink(document.baseURI, { room, token });
      await list();
    };
    if (await dialog.run(call, problemOf)) link.input.select();
  };
  const copy = async () => {
    link.input.select();
    // Pages without a secure origin may not write to the clipboard: then the marked text is copied by hand.
    const copied = await navigator.clipboard?.writeText(link.input.value).then(
      () => true,
      () => false,
    );
    setText(note, texts.text(copied ? 'link.copied' : 'link.marked'));
  };
  const dialog = new Dialog(parent, {
    title: texts.text('members.link'),
    className: 'wide',
    content: [
      link.row,
      note,
      others,
      dialogButtons(
        dialogButton(texts.text('nav.closeMenu'), 'secondary', () => dialog.close()),
        dialogButton(texts.text('link.create'), 'secondary', () => void create()),
        dialogButton(texts.text('link.copy'), 'primary', () => void copy()),
      ),
    ],
  });
  void dialog.run(list, problemOf);
}
