import type { Chat } from '../../../client/chat.ts';
import type { Message } from '../../../client/message.ts';
import type { Room } from '../../../client/room.ts';
import type { Clock } from '../../../server/time/clock.ts';
import { element } from '../dom/element.ts';
import type { Texts } from '../i18n/language.ts';
import { MAX_OPEN_ROOMS, type OpenRooms } from '../page/open-rooms.ts';
import { roomTitle } from '../page/room-name.ts';
import { Conversation } from './conversation.ts';
import { People } from './people.ts';
import { Sidebar } from './sidebar.ts';

/** Time between two requests for the people in the room: a gateway need not push joins and leaves. */
const MEMBERS_EVERY_MS = 10_000;

export interface ChatViewOptions {
  readonly texts: Texts;
  readonly chat: Chat;
  readonly clock: Clock;
  readonly openRooms: OpenRooms;
  /** Unsent texts by room. */
  readonly drafts: Map<string, string>;
  readonly languageSelect: HTMLElement;
  /** Room to show first; null for the first of {@link openRooms}. */
  readonly room: string | null;
  readonly onRoom: (room: string) => void;
  readonly onSignOut: () => void;
  readonly onTitle: (title: string) => void;
}

/** The signed-in page: the user's rooms, the selected room, and the people in it. */
export class ChatView {
  readonly root: HTMLElement;
  readonly #options: ChatViewOptions;
  readonly #sidebar: Sidebar;
  readonly #people: People;
  readonly #place = element('div', { class: 'place' });
  readonly #announcer = element('div', { class: 'unseen', attributes: { 'aria-live': 'polite', role: 'log' } });
  readonly #undo: (() => void)[] = [];
  readonly #watched = new Set<Room>();
  #conversation: Conversation | null = null;
  #room: Room | null = null;
  #announced: number | null = null;
  #drawn = true;
  #cancelMembers: (() => void) | null = null;

  constructor(options: ChatViewOptions) {
    this.#options = options;
    const { texts, chat } = options;
    this.#sidebar = new Sidebar({
      texts,
      user: chat.user,
      languageSelect: options.languageSelect,
      onSelect: room => this.select(room),
      onOpen: room => this.#open(room),
      onSignOut: options.onSignOut,
      onClose: () => this.#drawer(null),
    });
    this.#people = new People(texts, chat.user, () => this.#drawer(null));
    const shade = element('div', { class: 'shade', on: { click: () => this.#drawer(null) } });
    this.root = element(
      'div',
      { class: 'chat', on: { keydown: event => event.key === 'Escape' && this.#drawer(null) } },
      this.#sidebar.root,
      this.#place,
      this.#people.root,
      shade,
      this.#announcer,
    );
    for (const name of options.openRooms.names) this.#watch(name);
    this.#undo.push(chat.connectionChanged.add(() => this.#changed()));
    const onVisibility = () => this.#onVisibility();
    document.addEventListener('visibilitychange', onVisibility);
    this.#undo.push(() => document.removeEventListener('visibilitychange', onVisibility));
    const narrow = matchMedia('(max-width: 68rem)');
    const onWidth = () => this.#drawer(null);
    narrow.addEventListener('change', onWidth);
    this.#undo.push(() => narrow.removeEventListener('change', onWidth));
    const [first] = options.openRooms.names;
    if (options.room !== null && this.#open(options.room) === null) return;
    if (first !== undefined) this.select(first);
    else this.#leftAll();
  }

  /** Shows an open room. */
  select(name: string): void {
    const { chat, texts, drafts, onRoom } = this.#options;
    this.#drawer(null);
    if (this.#room?.name === name) {
      this.#conversation?.focus();
      return;
    }
    const room = chat.open(name);
    this.#room = room;
    this.#announced = null;
    const conversation = new Conversation({
      texts,
      chat,
      room,
      now: () => chat.now(),
      draft: drafts.get(name) ?? '',
      onDraft: text => drafts.set(name, text),
      onMenu: () => this.#drawer('rooms'),
      onPeople: () => this.#drawer('people'),
      onLeave: () => this.#leave(room),
      onFollow: () => this.#changed(),
    });
    this.#conversation = conversation;
    this.#place.replaceChildren(conversation.root);
    this.#draw();
    conversation.focus();
    onRoom(name);
    this.#watchMembers();
  }

  /** Moves the focus to the composer, or to the form that opens a room if none is open. */
  focus(): void {
    if (this.#conversation) this.#conversation.focus();
    else this.#sidebar.focus();
  }

  /** Ends timers and listeners. The chat stays connected. */
  dispose(): void {
    this.#cancelMembers?.();
    for (const undo of this.#undo) undo();
    this.#drawn = false;
  }

  /** Opens and selects a room. @returns the problem to show, or null */
  #open(name: string): string | null {
    if (!this.#options.openRooms.add(name)) return this.#options.texts.text('rooms.tooMany', { count: MAX_OPEN_ROOMS });
    this.#watch(name);
    this.select(name);
    return null;
  }

  #leave(room: Room): void {
    const { chat, openRooms } = this.#options;
    openRooms.remove(room.name);
    chat.close(room.name);
    const [next] = openRooms.names;
    this.#room = null;
    if (next === undefined) this.#leftAll();
    else this.select(next);
  }

  /** Shows the list of rooms and the form that opens one: the user has left all rooms. */
  #leftAll(): void {
    this.#conversation = null;
    this.#cancelMembers?.();
    this.#place.replaceChildren();
    this.#drawer('rooms');
    this.#draw();
  }

  #watch(name: string): void {
    const room = this.#options.chat.open(name);
    if (this.#watched.has(room)) return;
    this.#watched.add(room);
    let live = false;
    const onChange = () => {
      const isLive = room.status.phase === 'live';
      if (isLive && !live && room === this.#room) void room.refreshMembers();
      live = isLive;
      this.#changed();
    };
    this.#undo.push(room.changed.add(onChange));
  }

  /** Draws once for all changes of a tick. Uses a microtask, because a hidden page gets no animation frames. */
  #changed(): void {
    if (!this.#drawn) return;
    this.#drawn = false;
    queueMicrotask(() => {
      this.#drawn = true;
      this.#draw();
    });
  }

  #draw(): void {
    const { chat, texts, onTitle } = this.#options;
    const room = this.#room;
    this.root.dataset['online'] = String(chat.connection.phase === 'connected');
    if (room && this.#conversation) {
      this.#conversation.update();
      if (document.visibilityState === 'visible' && this.#conversation.list.following) room.markRead();
      this.#people.update(room);
      this.#announce(room);
    }
    this.#sidebar.update(chat.rooms, room?.name ?? '');
    const unread = chat.rooms.reduce((sum, { unread }) => sum + unread, 0);
    const name = room ? `${roomTitle(room.name)} · ChatCluster` : 'ChatCluster';
    onTitle(unread > 0 ? `(${texts.number(unread)}) ${name}` : name);
  }

  /** Announces new messages of other users to screen readers, but not history. */
  #announce(room: Room): void {
    const last = room.messages.at(-1);
    if (!room.history.loaded) return;
    const isNew = last !== undefined && this.#announced !== null && last.offset > this.#announced;
    if (isNew && last.deleted === 0 && last.user !== this.#options.chat.user)
      // A new element each time, so that the same text sent twice is announced twice.
      this.#announcer.replaceChildren(element('p', { text: this.#announcement(last) }));
    this.#announced = last?.offset ?? 0;
  }

  #announcement({ user, text }: Message): string {
    return this.#options.texts.text('messages.announce', { user, text });
  }

  #onVisibility(): void {
    if (document.visibilityState === 'visible' && (this.#room?.unread ?? 0) > 0) this.#conversation?.list.markNew();
    this.#changed();
  }

  #watchMembers(): void {
    this.#cancelMembers?.();
    if (document.visibilityState === 'visible') void this.#room?.refreshMembers();
    this.#cancelMembers = this.#options.clock.after(MEMBERS_EVERY_MS, () => this.#watchMembers());
  }

  /** Opens a drawer, or closes both. Rooms and people are drawers on narrow screens and always visible on wide ones. */
  #drawer(open: 'rooms' | 'people' | null): void {
    const before = this.root.dataset['drawer'] ?? '';
    this.root.dataset['drawer'] = open ?? '';
    this.#place.inert = open !== null;
    if (open === 'rooms') this.#sidebar.focus();
    else if (open === 'people') this.#people.root.querySelector<HTMLElement>('button')?.focus();
    else if (before !== '') this.#conversation?.focus();
  }
}
