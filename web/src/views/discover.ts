import { callErrorOf } from '../../../client/call-error.ts';
import type { Chat } from '../../../client/chat.ts';
import type { ResultOf } from '../../../client/verbs.ts';
import { element } from '../dom/element.ts';
import { icon } from '../dom/icons.ts';
import type { Texts } from '../i18n/language.ts';
import { actProblem } from './act-problem.ts';
import { Dialog, dialogButton, dialogButtons, dialogField, dialogForm } from './dialog.ts';

type Found = ResultOf<'room.discover'>;

/** Lists rooms that anyone may join or ask to join. @param onJoined gets the room to open */
export function askDiscover(parent: HTMLElement, texts: Texts, chat: Chat, onJoined: (room: string) => void): void {
  const search = dialogField(texts.text('discover.search'), { maxlength: '100' });
  const kind = dialogField(texts.text('discover.kind'), { maxlength: '63', autocapitalize: 'none' });
  kind.input.value = 'channel';
  const list = element('ul', { class: 'found', attributes: { 'aria-label': texts.text('channels.discover') } });
  const problemOf = (error: unknown) => actProblem(texts, error);

  const join = async (room: string) => {
    const call = async () => {
      await chat.act('room.join', { room });
      dialog.close();
      onJoined(room);
    };
    await dialog.run(call, problemOf);
  };
  const ask = async (room: string, button: HTMLButtonElement) => {
    if (!(await dialog.run(() => chat.act('room.request', { room }), problemOf))) return;
    button.textContent = texts.text('discover.asked');
    button.disabled = true;
  };
  const show = ({ items, join: way }: Found) => {
    const rows = items.map(({ room, name, topic, members }) => {
      const listed = chat.roomList.rooms.find(known => known.room === room);
      const button = dialogButton(texts.text(way === 'Anyone' ? 'discover.join' : 'discover.ask'), 'secondary', () =>
        way === 'Anyone' || listed?.state === 'member' ? void join(room) : void ask(room, button),
      );
      if (listed?.state === 'requested') {
        button.textContent = texts.text('discover.asked');
        button.disabled = true;
      } else if (listed?.state === 'member') button.textContent = texts.text('discover.open');
      const about = [texts.count('members.count', members), topic].filter(text => text !== '').join(' · ');
      return element(
        'li',
        {},
        icon('hash'),
        element('span', { class: 'found-name', text: name || room, attributes: { dir: 'auto' } }),
        element('span', { class: 'found-about', text: about, attributes: { dir: 'auto' } }),
        button,
      );
    });
    list.replaceChildren(...rows);
    if (rows.length === 0) dialog.problem(texts.text('discover.none'));
  };
  const find = async () => {
    const q = search.input.value.trim();
    const params = { kind: kind.input.value.trim() || 'channel', ...(q === '' ? {} : { q }) };
    dialog.problem('');
    try {
      show(await chat.call('room.discover', params));
    } catch (thrown) {
      list.replaceChildren();
      dialog.problem(callErrorOf(thrown).code === 108 ? texts.text('discover.hidden') : problemOf(thrown));
    }
  };
  const dialog = new Dialog(parent, {
    title: texts.text('channels.discover'),
    className: 'wide',
    content: [
      dialogForm(
        () => void find(),
        element('div', { class: 'fields' }, search.row, kind.row),
        dialogButton(texts.text('discover.find'), 'secondary', 'submit'),
      ),
      list,
      dialogButtons(dialogButton(texts.text('nav.closeMenu'), 'secondary', () => dialog.close())),
    ],
  });
  search.input.focus();
  void find();
}
