import type { ListedRoom } from '../../../client/room-list.ts';
import type { UserState } from '../../../client/user-states.ts';
import { element, reconcile, setText } from '../dom/element.ts';
import { icon, mark } from '../dom/icons.ts';
import type { Texts } from '../i18n/language.ts';
import { isChannel, isDirect, roomOfInput } from '../page/room-name.ts';
import type { RoomNames } from '../page/room-names.ts';
import type { SidebarRoom } from '../page/sidebar-rooms.ts';
import { avatar } from './avatar.ts';
import { iconButton } from './icon-button.ts';
import { showState } from './user-state.ts';

export interface SidebarOptions {
  readonly texts: Texts;
  readonly user: string;
  readonly languageSelect: HTMLElement;
  readonly names: RoomNames;
  readonly stateOf: (user: string) => Pick<UserState, 'state' | 'lastSeen'>;
  readonly onSelect: (room: string) => void;
  /** Opens a room. Returns the problem to show, or null. */
  readonly onOpen: (room: string) => string | null;
  readonly onCreate: () => void;
  readonly onDiscover: () => void;
  /** Shows friends and other people, or the user's own profile. */
  readonly onPeople: (tab: 'friends' | 'requests' | 'profile') => void;
  readonly onAccept: (room: string) => void;
  readonly onDecline: (room: string) => void;
  readonly onSignOut: () => void;
  readonly onClose: () => void;
}

/** Rooms of one sort under their title. */
interface Section {
  readonly root: HTMLElement;
  readonly list: HTMLElement;
}

/** Invitations, rooms of two, groups and channels, each with its last message and unread count; below them the form that opens one, and the user. */
export class Sidebar {
  readonly root: HTMLElement;
  readonly #options: SidebarOptions;
  readonly #people: HTMLButtonElement;
  readonly #requests = element('span', { class: 'badge' });
  readonly #me = element('span', { class: 'me-name', attributes: { dir: 'auto' } });
  readonly #invitations: Section;
  readonly #directs: Section;
  readonly #groups: Section;
  readonly #channels: Section;

  constructor(options: SidebarOptions) {
    this.#options = options;
    const { texts, user } = options;
    this.#invitations = section(texts.text('nav.invitations'), null);
    this.#directs = section(texts.text('nav.directs'), null);
    this.#groups = section(
      texts.text('nav.groups'),
      iconButton('plus', texts.text('groups.create'), options.onCreate, 'small'),
    );
    this.#channels = section(
      texts.text('nav.channels'),
      iconButton('search', texts.text('channels.discover'), options.onDiscover, 'small'),
    );
    this.#people = element(
      'button',
      {
        class: 'act people-button',
        attributes: { type: 'button' },
        on: { click: () => options.onPeople(this.#requests.textContent === '' ? 'friends' : 'requests') },
      },
      icon('people'),
      element('span', { text: texts.text('friends.title') }),
      this.#requests,
    );
    setText(this.#me, user);
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
      this.#people,
      element(
        'nav',
        { attributes: { 'aria-label': texts.text('nav.rooms') } },
        this.#invitations.root,
        this.#directs.root,
        this.#groups.root,
        this.#channels.root,
      ),
      this.#openForm(),
      element(
        'div',
        { class: 'me' },
        element(
          'button',
          {
            class: 'me-button',
            attributes: { type: 'button', title: texts.text('profile.own') },
            on: { click: () => options.onPeople('profile') },
          },
          avatar(user),
          this.#me,
        ),
        options.languageSelect,
        iconButton('leave', texts.text('signOut'), options.onSignOut),
      ),
    );
  }

  /** Moves the focus to the selected room, or to the form that opens one. */
  focus(): void {
    (this.root.querySelector<HTMLElement>('[aria-current]') ?? this.root.querySelector('input'))?.focus();
  }

  /** @param invitations rooms that the user is invited to */
  update(rooms: readonly SidebarRoom[], invitations: readonly ListedRoom[], selected: string): void {
    const show = ({ list }: Section, some: readonly SidebarRoom[]) =>
      reconcile(list, some, {
        key: room => room.name,
        create: room => this.#create(room),
        update: (target, room) => this.#update(target, room, room.name === selected),
      });
    const directs = rooms.filter(({ name }) => isDirect(name));
    this.#directs.root.hidden = directs.length === 0;
    show(this.#directs, directs);
    show(
      this.#groups,
      rooms.filter(({ name }) => !isChannel(name) && !isDirect(name)),
    );
    show(
      this.#channels,
      rooms.filter(({ name }) => isChannel(name)),
    );
    this.#invitations.root.hidden = invitations.length === 0;
    reconcile(this.#invitations.list, invitations, {
      key: ({ room }) => room,
      create: ({ room }) => this.#createInvitation(room),
      update: (target, { room }) => this.#updateInvitation(target, room),
    });
  }

  /** @param requests number of users who ask to be friends @param name of the user */
  updatePeople(requests: number, name: string): void {
    const { texts } = this.#options;
    setText(this.#me, name);
    const text = requests > 0 ? unreadMark(texts, requests) : '';
    showBadge(this.#requests, text, texts.count('friends.requests', requests));
  }

  #createInvitation(room: string): HTMLElement {
    const { texts, onAccept, onDecline } = this.#options;
    const button = (text: string, className: string, onClick: () => void) =>
      element('button', { class: className, text, attributes: { type: 'button' }, on: { click: onClick } });
    return element(
      'li',
      { class: 'invitation' },
      icon(isChannel(room) ? 'hash' : 'people'),
      element('span', { class: 'room-name', attributes: { dir: 'auto' } }),
      element(
        'span',
        { class: 'invitation-acts' },
        button(texts.text('invite.accept'), 'primary', () => onAccept(room)),
        button(texts.text('invite.decline'), 'secondary', () => onDecline(room)),
      ),
    );
  }

  #updateInvitation(item: HTMLElement, room: string): void {
    const { texts, names } = this.#options;
    const name = item.querySelector('.room-name');
    const title = names.title(room);
    if (name) setText(name, title);
    const [accept, decline] = item.querySelectorAll('button');
    accept?.setAttribute('aria-label', texts.text('invite.acceptOf', { room: title }));
    decline?.setAttribute('aria-label', texts.text('invite.declineOf', { room: title }));
  }

  #create({ name }: SidebarRoom): HTMLElement {
    const button = element(
      'button',
      { class: 'room', attributes: { type: 'button' }, on: { click: () => this.#options.onSelect(name) } },
      icon(isChannel(name) ? 'hash' : 'people'),
      element('span', { class: 'room-name', attributes: { dir: 'auto' } }),
      element('span', { class: 'room-time' }),
      element('span', { class: 'room-last', attributes: { dir: 'auto' } }),
      element('span', { class: 'badges' }, element('span', { class: 'badge at' }), element('span', { class: 'badge' })),
    );
    return element('li', {}, button);
  }

  #update(item: HTMLElement, shown: SidebarRoom, selected: boolean): void {
    const { name: room, open, last: message, unread: all } = shown;
    const { texts } = this.#options;
    const [button] = item.children;
    const [, name, time, last, badges] = button?.children ?? [];
    const [at, badge] = badges?.children ?? [];
    if (!button || !name || !time || !last || !at || !badge) return;
    setText(name, this.#options.names.title(room));
    const other = isDirect(room) ? this.#options.names.otherOf(room) : undefined;
    if (other !== undefined) showState(button, texts, this.#options.stateOf(other));
    if (selected) button.setAttribute('aria-current', 'true');
    else button.removeAttribute('aria-current');
    const unread = selected && document.visibilityState === 'visible' ? 0 : all;
    button.classList.toggle('unread', unread > 0);
    setText(time, message ? texts.time(message.time) : '');
    const empty = open?.history.loaded ? texts.text('rooms.empty') : '';
    setText(last, message ? this.#lineOf(message) : empty);
    const mentions = unread > 0 ? shown.mentions : 0;
    showBadge(at, mentions > 0 ? '@' : '', texts.count('rooms.mentions', mentions));
    showBadge(badge, unread > 0 ? unreadMark(texts, unread) : '', texts.count('rooms.unread', unread));
  }

  /** A message in one line, with its author. */
  #lineOf({ user, text: written = '', deleted }: NonNullable<SidebarRoom['last']>): string {
    const { texts, user: self } = this.#options;
    const text = deleted ? texts.text('message.deleted') : written;
    return user === self ? texts.text('rooms.you', { text }) : texts.text('rooms.by', { user, text });
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

function section(title: string, button: HTMLElement | null): Section {
  const list = element('ul', { class: 'rooms', attributes: { 'aria-label': title } });
  const head = element('div', { class: 'section-head' }, element('h2', { text: title }), button);
  return { root: element('section', {}, head, list), list };
}

/** @param text empty for no badge */
function showBadge(badge: Element, text: string, label: string): void {
  setText(badge, text);
  if (text === '') badge.removeAttribute('aria-label');
  else badge.setAttribute('aria-label', label);
}

const unreadMark = (texts: Texts, unread: number): string =>
  unread > 99 ? `${texts.number(99)}+` : texts.number(unread);
