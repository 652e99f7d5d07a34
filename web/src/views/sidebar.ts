import type { Room } from '../../../client/room.ts';
import { element, reconcile, setText } from '../dom/element.ts';
import { icon, mark } from '../dom/icons.ts';
import type { Texts } from '../i18n/language.ts';
import { roomOfInput, roomTitle } from '../page/room-name.ts';
import { avatar } from './avatar.ts';
import { iconButton } from './icon-button.ts';

export interface SidebarOptions {
  readonly texts: Texts;
  readonly user: string;
  readonly languageSelect: HTMLElement;
  readonly onSelect: (room: string) => void;
  /** Opens a room. Returns the problem to show, or null. */
  readonly onOpen: (room: string) => string | null;
  readonly onSignOut: () => void;
  readonly onClose: () => void;
}

/** The rooms, each with its last message and unread count; below them the form that opens one, and the user. */
export class Sidebar {
  readonly root: HTMLElement;
  readonly #options: SidebarOptions;
  readonly #list = element('ul', { class: 'rooms' });

  constructor(options: SidebarOptions) {
    this.#options = options;
    const { texts, user } = options;
    this.root = element(
      'aside',
      { class: 'sidebar', attributes: { id: 'sidebar' } },
      element(
        'div',
        { class: 'brand' },
        mark(),
        element('span', { class: 'brand-name', text: 'ChatCluster' }),
        iconButton('close', texts.text('nav.closeMenu'), options.onClose, 'only-narrow'),
      ),
      element(
        'nav',
        { attributes: { 'aria-labelledby': 'rooms-title' } },
        element('h2', { text: texts.text('nav.rooms'), attributes: { id: 'rooms-title' } }),
        this.#list,
      ),
      this.#openForm(),
      element(
        'div',
        { class: 'me' },
        avatar(user),
        element('span', { class: 'me-name', text: user, attributes: { dir: 'auto' } }),
        options.languageSelect,
        iconButton('leave', texts.text('signOut'), options.onSignOut),
      ),
    );
  }

  /** Moves the focus to the selected room, or to the form that opens one. */
  focus(): void {
    (this.#list.querySelector<HTMLElement>('[aria-current]') ?? this.root.querySelector('input'))?.focus();
  }

  update(rooms: readonly Room[], selected: string): void {
    reconcile(this.#list, rooms, {
      key: room => room.name,
      create: room => this.#create(room),
      update: (target, room) => this.#update(target, room, room.name === selected),
    });
  }

  #create(room: Room): HTMLElement {
    const button = element(
      'button',
      { class: 'room', attributes: { type: 'button' }, on: { click: () => this.#options.onSelect(room.name) } },
      icon('hash'),
      element('span', { class: 'room-name', text: roomTitle(room.name), attributes: { dir: 'auto' } }),
      element('span', { class: 'room-time' }),
      element('span', { class: 'room-last', attributes: { dir: 'auto' } }),
      element('span', { class: 'badge' }),
    );
    return element('li', {}, button);
  }

  #update(item: HTMLElement, room: Room, selected: boolean): void {
    const { texts, user } = this.#options;
    const [button] = item.children;
    const [, , time, last, badge] = button?.children ?? [];
    if (!button || !time || !last || !badge) return;
    const message = room.messages.at(-1);
    if (selected) button.setAttribute('aria-current', 'true');
    else button.removeAttribute('aria-current');
    const unread = selected && document.visibilityState === 'visible' ? 0 : room.unread;
    button.classList.toggle('unread', unread > 0);
    setText(time, message ? texts.time(message.time) : '');
    const empty = room.history.loaded ? texts.text('rooms.empty') : '';
    const own = message?.user === user;
    const text = message?.deleted ? texts.text('message.deleted') : (message?.text ?? '');
    setText(last, message ? (own ? texts.text('rooms.you', { text }) : text) : empty);
    setText(badge, unread > 0 ? unreadMark(texts, unread) : '');
    if (unread > 0) badge.setAttribute('aria-label', texts.count('rooms.unread', unread));
    else badge.removeAttribute('aria-label');
  }

  #openForm(): HTMLElement {
    const { texts, onOpen } = this.#options;
    const input = element('input', {
      attributes: {
        name: 'room',
        autocomplete: 'off',
        autocapitalize: 'none',
        spellcheck: 'false',
        placeholder: texts.text('rooms.openPlaceholder'),
        'aria-label': texts.text('rooms.openLabel'),
        'aria-describedby': 'open-room-problem',
      },
      on: { input: () => setText(problem, '') },
    });
    const problem = element('p', { class: 'problem', attributes: { id: 'open-room-problem', role: 'alert' } });
    return element(
      'form',
      {
        class: 'open-room',
        attributes: { novalidate: '' },
        on: {
          submit: event => {
            event.preventDefault();
            const room = roomOfInput(input.value);
            const trouble = room === null ? texts.text('rooms.invalid') : onOpen(room);
            setText(problem, trouble ?? '');
            if (trouble === null) input.value = '';
          },
        },
      },
      input,
      element('button', { attributes: { type: 'submit', 'aria-label': texts.text('rooms.open') } }, icon('plus')),
      problem,
    );
  }
}

const unreadMark = (texts: Texts, unread: number): string =>
  unread > 99 ? `${texts.number(99)}+` : texts.number(unread);
