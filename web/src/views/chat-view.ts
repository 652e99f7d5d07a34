import type { Removal } from '../../../client/chat.ts';
import type { Room } from '../../../client/room.ts';
import { element, listen } from '../dom/element.ts';
import { MAX_OPEN_ROOMS } from '../page/open-rooms.ts';
import { pageTitle } from '../page/page-title.ts';
import { isChannel } from '../page/room-name.ts';
import { RoomNames } from '../page/room-names.ts';
import { roomToClose, sidebarRooms } from '../page/sidebar-rooms.ts';
import { ANNOUNCEMENTS, Announcements } from './announcements.ts';
import { Announcer } from './announcer.ts';
import { Banner } from './banner.ts';
import type { ChatViewOptions } from './chat-view-options.ts';
import { Conversation } from './conversation.ts';
import { People } from './people.ts';
import { showPeople } from './people-dialog.ts';
import { nameOf, type PeopleContext } from './person-acts.ts';
import { removalText } from './removal-text.ts';
import { RoomActs } from './room-acts.ts';
import { Sidebar } from './sidebar.ts';

/** Time between two requests for the people in the room: a gateway need not push joins and leaves. */
const MEMBERS_EVERY_MS = 10_000;

/** The signed-in page: the user's rooms, the selected room, and the people in it. */
export class ChatView {
  readonly root: HTMLElement;
  readonly #options: ChatViewOptions;
  readonly #sidebar: Sidebar;
  readonly #people: People;
  readonly #names: RoomNames;
  readonly #banner: Banner;
  readonly #acts: RoomActs;
  readonly #slot = element('div', { class: 'slot' });
  readonly #place: HTMLElement;
  readonly #announcer: Announcer;
  readonly #undo: (() => void)[] = [];
  readonly #watched = new Set<Room>();
  #conversation: Conversation | null = null;
  #room: Room | null = null;
  #drawn = true;
  #cancelMembers: (() => void) | null = null;

  constructor(options: ChatViewOptions) {
    this.#options = options;
    const { texts, chat, joinLink } = options;
    this.#names = new RoomNames(texts, chat);
    this.#announcer = new Announcer(texts, chat.user);
    this.#banner = new Banner(texts, () => this.#onBannerClosed());
    this.#acts = new RoomActs({
      parent: () => this.root,
      texts,
      chat,
      names: this.#names,
      open: room => void this.#open(room),
      closed: room => this.#left(room),
      problem: text => this.#banner.show(text),
    });
    const context: PeopleContext = { texts, chat, open: room => this.#openOrSay(room) };
    const announcements = new Announcements(texts, chat);
    this.#undo.push(() => announcements.dispose());
    this.#place = element('div', { class: 'place' }, announcements.root, this.#banner.root, this.#slot);
    this.#sidebar = new Sidebar({
      texts,
      user: chat.user,
      names: this.#names,
      stateOf: user => chat.states.of(user) ?? { state: 'offline' },
      languageSelect: options.languageSelect,
      onSelect: room => this.#openOrSay(room),
      onOpen: room => this.#open(room),
      onCreate: () => this.#acts.create(),
      onDiscover: () => this.#acts.discover(),
      onPeople: tab => showPeople(this.root, context, tab),
      onAccept: room => void this.#acts.accept(room),
      onDecline: room => void this.#acts.decline(room),
      onSignOut: options.onSignOut,
      onClose: () => this.#drawer(null),
    });
    this.#people = new People(context, () => this.#drawer(null));
    this.root = element(
      'div',
      { class: 'chat', on: { keydown: event => event.key === 'Escape' && this.#drawer(null) } },
      this.#sidebar.root,
      this.#place,
      this.#people.root,
      element('div', { class: 'shade', on: { click: () => this.#drawer(null) } }),
      this.#announcer.root,
    );
    for (const name of options.openRooms.names) this.#watch(name);
    this.#undo.push(chat.connectionChanged.add(() => this.#changed()));
    this.#undo.push(chat.unread.changed.add(() => this.#changed()));
    this.#undo.push(chat.roomList.changed.add(() => this.#openOwn()));
    this.#undo.push(chat.states.changed.add(() => this.#changed()));
    for (const changed of [chat.people.changed, chat.profiles.changed])
      this.#undo.push(changed.add(() => this.#changed()));
    chat.people.open();
    this.#undo.push(chat.removed.add(removal => this.#onRemoved(removal)));
    this.#openOwn();
    this.#undo.push(listen(document, 'visibilitychange', () => this.#onVisibility()));
    this.#undo.push(listen(matchMedia('(max-width: 68rem)'), 'change', () => this.#drawer(null)));
    if (options.room === null || this.#open(options.room) !== null) this.#selectFirst();
    // A dialog opens in the document alone, where the caller puts the view next.
    if (joinLink) queueMicrotask(() => this.#acts.join(joinLink));
  }

  /** Shows an open room. */
  select(name: string): void {
    const { chat, texts, drafts, onRoom } = this.#options;
    this.#drawer(null);
    if (this.#room?.name === name) return this.#conversation?.focus();
    const room = chat.open(name);
    room.info.open();
    this.#room = room;
    this.#announcer.begin();
    const conversation = new Conversation({
      texts,
      chat,
      room,
      names: this.#names,
      now: () => chat.now(),
      draft: drafts.get(name) ?? '',
      onDraft: text => drafts.set(name, text),
      onMenu: () => this.#drawer('rooms'),
      onPeople: () => this.#drawer('people'),
      onLeave: () => this.#acts.leave(room),
      onFollow: () => this.#changed(),
    });
    this.#conversation = conversation;
    this.#slot.replaceChildren(conversation.root);
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
    const { chat, openRooms, texts } = this.#options;
    if (!openRooms.add(name)) {
      const other = roomToClose(openRooms.names, chat.roomList.rooms, this.#room?.name);
      if (other === undefined) return texts.text('rooms.tooMany', { count: MAX_OPEN_ROOMS });
      this.#close(other);
      openRooms.add(name);
    }
    this.#watch(name);
    this.select(name);
    return null;
  }

  #openOrSay(name: string): void {
    const problem = this.#open(name);
    if (problem !== null) this.#banner.show(problem);
  }

  #selectFirst(): void {
    const [first] = this.#options.openRooms.names;
    if (first === undefined) return this.#leftAll();
    this.select(first);
  }

  /** Closes a room that the user has left, and shows another one. */
  #left(name: string): void {
    this.#close(name);
    if (this.#room === null) this.#selectFirst();
  }

  /** Closes a room, and shows nothing of it any more. */
  #close(name: string): void {
    const { chat, openRooms } = this.#options;
    openRooms.remove(name);
    for (const room of this.#watched) if (room.name === name) this.#watched.delete(room);
    chat.close(name);
    if (this.#room?.name !== name) return this.#changed();
    this.#room = null;
    this.#conversation = null;
    this.#cancelMembers?.();
    this.#drawer(null);
    this.#slot.replaceChildren();
    this.#announcer.begin();
    this.#changed();
  }

  /** Opens the rooms that the user is a member of, and those again that refused the user before. */
  #openOwn(): void {
    const { chat, openRooms } = this.#options;
    for (const { room, state } of chat.roomList.rooms)
      if (state === 'member' && openRooms.add(room)) {
        this.#watch(room);
        chat.open(room).retry();
      }
    this.#changed();
  }

  #onRemoved({ room, ending }: Removal): void {
    const { chat, texts } = this.#options;
    const text = removalText(texts, this.#names.title(room), ending, chat.user);
    this.#close(room);
    if (text !== null) {
      this.#banner.show(text);
      // The focus was in what is gone.
      if (this.#room === null) this.#banner.focus();
    } else if (this.#room === null) this.#selectFirst();
  }

  #onBannerClosed(): void {
    if (this.#room === null) this.#selectFirst();
    this.focus();
  }

  /** Shows the list of rooms and the form that opens one: the user has left all rooms. */
  #leftAll(): void {
    this.#conversation = null;
    this.#cancelMembers?.();
    this.#slot.replaceChildren();
    this.#drawer('rooms');
    this.#draw();
  }

  #watch(name: string): void {
    const room = this.#options.chat.open(name);
    if (this.#watched.has(room)) return;
    this.#watched.add(room);
    let live = false;
    const onChange = () => {
      if (!this.#watched.has(room)) return;
      const isLive = room.status.phase === 'live';
      if (isLive && !live && room === this.#room) void room.refreshMembers();
      live = isLive;
      // The user is no member any more: only a room that is shown says so.
      if (room.status.phase === 'refused' && room !== this.#room && !isChannel(name)) return this.#close(name);
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
    chat.setState(document.visibilityState === 'visible' ? 'active' : 'background');
    this.root.dataset['online'] = String(chat.connection.phase === 'connected');
    if (room && this.#conversation) {
      this.#conversation.update();
      if (document.visibilityState === 'visible' && this.#conversation.list.following) room.markRead();
      this.#announcer.update(room);
    }
    const invitations = chat.roomList.rooms.filter(({ state }) => state === 'invited');
    this.#people.update(this.#conversation && room);
    const open = chat.rooms.filter(({ name }) => name !== ANNOUNCEMENTS);
    const rooms = sidebarRooms(open, chat.roomList.rooms, chat.unread);
    this.#sidebar.update(rooms, invitations, room?.name ?? '');
    this.#sidebar.updatePeople(chat.people.requests.length, nameOf(chat, chat.user));
    onTitle(pageTitle(texts, rooms, room && this.#names.title(room.name)));
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
    this.#slot.inert = open !== null;
    if (open === 'rooms') this.#sidebar.focus();
    else if (open === 'people') this.#people.root.querySelector<HTMLElement>('button')?.focus();
    else if (before !== '') this.#conversation?.focus();
  }
}
