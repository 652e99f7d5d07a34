import type { Chat } from '../../../client/chat.ts';
import type { Room } from '../../../client/room.ts';
import { element, setText } from '../dom/element.ts';
import { icon } from '../dom/icons.ts';
import type { Texts } from '../i18n/language.ts';
import { mentionCandidates } from '../page/mention-candidates.ts';
import { mentionsAfter } from '../page/mention-words.ts';
import type { MessageRow } from '../page/message-rows.ts';
import { isChannel } from '../page/room-name.ts';
import type { RoomNames } from '../page/room-names.ts';
import { Composer } from './composer.ts';
import { confirmAct } from './confirm.ts';
import { ConnectionBadge } from './connection-badge.ts';
import { askDelete } from './delete-dialog.ts';
import { dialogField } from './dialog.ts';
import { iconButton } from './icon-button.ts';
import { chosenIn } from './mention-list.ts';
import { showContext } from './message-context.ts';
import { MessageList } from './message-list.ts';
import { MessageMenu } from './message-menu.ts';
import { ReadLine } from './read-line.ts';
import { readOnlyReason } from './read-only.ts';
import { TypingLine } from './typing-line.ts';

export interface ConversationOptions {
  readonly texts: Texts;
  readonly chat: Chat;
  readonly room: Room;
  readonly names: RoomNames;
  readonly now: () => number;
  readonly draft: string;
  readonly onDraft: (text: string) => void;
  readonly onMenu: () => void;
  readonly onPeople: () => void;
  readonly onLeave: () => void;
  /** Called when the user reaches or leaves the end of the list. */
  readonly onFollow: () => void;
}

/** Code for a room that the user may not see, or that does not exist. */
const HIDDEN = 103;

/** One room: its head, messages and composer. */
export class Conversation {
  readonly root: HTMLElement;
  readonly list: MessageList;
  readonly #options: ConversationOptions;
  readonly #badge: ConnectionBadge;
  readonly #composer: Composer;
  readonly #typing: TypingLine;
  readonly #read: ReadLine;
  readonly #menu: MessageMenu;
  readonly #title = element('span', { attributes: { dir: 'auto' } });
  readonly #here = element('span', { class: 'here', attributes: { dir: 'auto' } });
  readonly #notice = element('div', { class: 'notice', attributes: { role: 'alert' } });
  readonly #status = element('p', { class: 'status', attributes: { role: 'status' } });
  readonly #jump: HTMLButtonElement;
  readonly #jumpText = element('span');

  constructor(options: ConversationOptions) {
    this.#options = options;
    const { texts, chat, room } = options;
    this.#badge = new ConnectionBadge(texts);
    this.list = new MessageList({
      texts,
      room,
      mention: () => options.names.mention(room.name),
      user: chat.user,
      now: options.now,
      onResend: entry => chat.resend(entry),
      onDiscard: entry => chat.discard(entry),
      onReact: (row, emoji, on) => void room.react(row, emoji, on),
      onMenu: (row, button) => this.#menu.toggle(row, button),
      onEdit: (row, text) => void room.edit(row, text, mentionsAfter(row.text, text, row.said)),
      onFollow: options.onFollow,
      onFar: offset => void this.#showFar(offset),
    });
    this.#menu = new MessageMenu({
      texts,
      onReact: (row, emoji, on) => void room.react(row, emoji, on),
      onReply: row => this.#composer.reply(row),
      onEdit: row => this.list.edit(row),
      onDelete: row => this.#delete(row),
    });
    this.#typing = new TypingLine(texts);
    this.#read = new ReadLine(texts);
    this.#composer = new Composer({
      texts,
      room: options.names.mention(room.name),
      draft: options.draft,
      onDraft: options.onDraft,
      onTyping: on => room.typing.report(on),
      candidates: letters => mentionCandidates(chat, room.info, letters),
      chosen: chosenIn(room),
      onSend: (text, said, replyTo) => {
        this.list.clearMark();
        room.send(text, { ...said, replyTo });
        this.list.toBottom();
      },
      onEditLast: () => this.list.editLast(),
    });
    this.#jump = element(
      'button',
      { class: 'jump', attributes: { type: 'button' }, on: { click: () => this.list.toBottom() } },
      icon('down'),
      this.#jumpText,
    );
    this.root = element(
      'main',
      { class: 'conversation' },
      this.#head(),
      this.#notice,
      element('div', { class: 'stage' }, this.list.root, this.#jump, this.#status),
      element('div', { class: 'hints' }, this.#typing.root, this.#read.root),
      this.#composer.root,
      this.#menu.root,
    );
    this.list.root.addEventListener('scroll', () => this.#menu.close());
    for (const event of ['keydown', 'pointerdown']) this.root.addEventListener(event, () => this.#tell(''));
  }

  update(): void {
    const { chat, room, texts, names } = this.#options;
    const online = chat.connection.phase === 'connected';
    setText(this.#title, names.title(room.name));
    this.list.rename();
    const topic = room.info.state?.topic ?? '';
    this.#here.title = topic;
    setText(this.#here, [this.#whoIsHere(online), topic].filter(text => text !== '').join(' · '));
    this.#badge.update(chat.connection);
    this.#updateNotice();
    this.#composer.rename(names.mention(room.name));
    this.#composer.update(online, room.status.phase === 'refused', readOnlyReason(texts, chat, room.info));
    this.list.update(online);
    this.#typing.update(room.typing.users);
    this.#read.update(room.typing.users.length > 0 ? [] : this.#readers());
    this.#jump.hidden = this.list.following;
    setText(
      this.#jumpText,
      room.unread > 0 ? texts.count('messages.jumpNew', room.unread) : texts.text('messages.jump'),
    );
    this.#jump.classList.toggle('has-new', room.unread > 0);
  }

  /** Other users who have read the last message, if it is one of this user. */
  #readers(): readonly string[] {
    const { chat, room } = this.#options;
    const last = room.messages.at(-1);
    if (last?.user !== chat.user || room.status.phase !== 'live') return [];
    room.receipts.look(last.offset);
    return room.receipts.readers(last.offset);
  }

  focus(): void {
    this.#composer.focus();
  }

  /** Shows a text until the user does something else. */
  #tell(text: string): void {
    setText(this.#status, text);
  }

  async #showFar(offset: number): Promise<void> {
    const { room, texts } = this.#options;
    try {
      const messages = await room.around(offset);
      if (messages.some(message => message.offset === offset)) showContext(this.root, texts, messages, offset);
      else this.#tell(texts.text('quote.missing'));
    } catch {
      this.#tell(texts.text('history.error'));
    }
  }

  #delete(row: MessageRow): void {
    const { room, texts } = this.#options;
    askDelete(this.root, texts, row.text, confirmed => {
      if (confirmed) room.delete([row]);
      this.list.focusOn(row.key);
    });
  }

  #head(): HTMLElement {
    const { texts, room, onMenu, onPeople, onLeave } = this.#options;
    return element(
      'header',
      { class: 'head' },
      iconButton('menu', texts.text('nav.openMenu'), onMenu, 'only-narrow'),
      element(
        'div',
        { class: 'head-title' },
        element('h1', { class: 'room-title' }, icon(isChannel(room.name) ? 'hash' : 'people'), this.#title),
        this.#here,
      ),
      this.#badge.root,
      iconButton('people', texts.text('people.show'), onPeople, 'only-medium'),
      iconButton('close', texts.text('room.leave'), onLeave),
    );
  }

  #whoIsHere(online: boolean): string {
    const { room, texts } = this.#options;
    if (online && room.status.phase === 'joining') return texts.text('room.joining');
    const count = room.status.phase === 'refused' ? 0 : (room.userCount ?? 0);
    return count > 0 ? texts.count('people.count', count) : '';
  }

  #ask(): void {
    const { chat, room, texts } = this.#options;
    const words = dialogField(texts.text('ask.words'), { maxlength: '500' });
    confirmAct(this.root, texts, {
      title: texts.text('discover.ask'),
      note: texts.text('ask.note'),
      field: words.row,
      confirm: texts.text('discover.ask'),
      run: async () => {
        const note = words.input.value.trim();
        await chat.act('room.request', { room: room.name, ...(note === '' ? {} : { note }) });
        this.#tell(texts.text('discover.asked'));
      },
    });
  }

  /** Shows why the connection ended or the room was refused, with a button to try again. */
  #updateNotice(): void {
    const { chat, room, texts } = this.#options;
    const { connection } = chat;
    let shown: { text: string; action: string; run: () => void; ask?: () => void } | null = null;
    if (connection.phase === 'disconnected' && connection.code !== 0) {
      const { reason } = connection;
      shown = {
        text: texts.text('connection.ended', { reason }),
        action: texts.text('connection.again'),
        run: () => chat.connect(),
      };
    } else if (room.status.phase === 'refused') {
      const reason = texts.reason(room.status.code, room.status.reason);
      shown = {
        text: texts.text('room.refused', { reason }),
        action: texts.text('room.retry'),
        run: () => room.retry(),
        ...(room.status.code === HIDDEN && !isChannel(room.name) ? { ask: () => this.#ask() } : {}),
      };
    }
    this.#notice.hidden = shown === null;
    if ((this.#notice.dataset['shown'] ?? '') === (shown?.text ?? '')) return;
    this.#notice.dataset['shown'] = shown?.text ?? '';
    if (!shown) {
      this.#notice.replaceChildren();
      return;
    }
    const { text, action, run, ask } = shown;
    const button = (text: string, click: () => void) =>
      element('button', { class: 'text-button', text, attributes: { type: 'button' }, on: { click } });
    this.#notice.replaceChildren(
      icon('alert'),
      element('span', { text }),
      ...(ask ? [button(texts.text('discover.ask'), ask)] : []),
      button(action, run),
    );
  }
}
