import type { Room } from '../../../client/room.ts';
import { element, reconcile } from '../dom/element.ts';
import { type MessageRow, messageRows, type Row } from '../page/message-rows.ts';
import { createRow, type MessageRowOptions, type RowSurroundings, updateRow } from './message-row.ts';

/** Distances from the ends of the list, in pixels. */
const NEAR_BOTTOM = 48;
const NEAR_TOP = 240;

/** Older pages that are loaded to reach a message: 200 messages, which take a moment. One further above is shown by itself. */
const MOST_PAGES = 4;

export interface MessageListOptions extends Omit<MessageRowOptions, 'onQuote' | 'onEdited'> {
  readonly user: string;
  readonly room: Room;
  /** Called when the user reaches or leaves the end of the list. */
  readonly onFollow: () => void;
  /** Called with a new text for a message. */
  readonly onEdit: (row: MessageRow, text: string) => void;
  /** Called with the offset of a message that a reply answers if it is not in the list, and too far above to load it. */
  readonly onFar: (offset: number) => void;
  /** Name of the room within a sentence; it may change. */
  readonly mention: () => string;
}

/** The messages of one room. Follows the newest while it is in view; keeps its place while older ones load. */
export class MessageList {
  readonly root: HTMLElement;
  readonly #options: MessageListOptions;
  readonly #rowOptions: MessageRowOptions;
  readonly #top = element('div', { class: 'history-state', attributes: { role: 'status' } });
  readonly #list = element('ol', { class: 'messages' });
  /** Offset behind which the mark for new messages stands; null: no mark. */
  #newAfter: number | null;
  #marked = false;
  #following = true;
  #positioned = false;
  #online = false;
  #rows: readonly Row[] = [];
  /** Key of the message whose text is being edited. */
  #editing: string | null = null;
  /** Key of the message whose buttons the key Tab reaches; null for the last message. */
  #current: string | null = null;

  constructor(options: MessageListOptions) {
    this.#options = options;
    this.#rowOptions = {
      ...options,
      // The button was made for an earlier state of the message.
      onMenu: (row, button) => options.onMenu(this.#now(row), button),
      onQuote: replyTo => void this.jumpTo(replyTo),
      onEdited: (row, text) => this.#endEdit(row, text),
    };
    this.#newAfter = options.room.readOffset;
    this.root = element(
      'div',
      {
        class: 'scroller',
        attributes: { tabindex: '0', role: 'region' },
        on: { scroll: () => this.#onScroll() },
      },
      this.#top,
      this.#list,
    );
    this.#list.addEventListener('focusin', event => this.#onFocus(event));
    this.#list.addEventListener('keydown', event => this.#onKey(event));
    this.rename();
    new ResizeObserver(() => this.#keepFollowing()).observe(this.root);
  }

  /** Takes a new name of the room. */
  rename(): void {
    const { texts, mention } = this.#options;
    this.root.setAttribute('aria-label', texts.text('room.messages', { room: mention() }));
  }

  /** True while the newest message is in view. */
  get following(): boolean {
    return this.#following;
  }

  /** Puts the mark for new messages behind the last message that was read. */
  markNew(): void {
    this.#newAfter = this.#options.room.readOffset;
  }

  /** Removes the mark: a user who answers has seen the new messages. */
  clearMark(): void {
    this.#newAfter = null;
  }

  update(online: boolean): void {
    const { room, user } = this.#options;
    this.#online = online;
    const { messages, outgoing, changes } = room;
    const rows = messageRows({
      ...{ messages, outgoing, changes, user, newAfter: this.#newAfter },
      quoted: replyTo => room.quoted(replyTo),
    });
    const before = this.#anchor();
    this.#render(rows);
    this.#marked = rows.some(row => row.kind === 'new');
    this.#renderTop(rows.length === 0);
    if (!this.#positioned && room.history.loaded) this.#firstPosition();
    else if (this.#following) this.toBottom();
    else if (before) this.root.scrollTop += before.element.getBoundingClientRect().top - before.top;
    this.#loadIfNeeded();
  }

  /** Shows the field in which a message is edited. */
  edit({ key }: Pick<MessageRow, 'key'>): void {
    this.#editing = key;
    this.update(this.#online);
    this.#elementOf(key)?.scrollIntoView({ block: 'nearest' });
  }

  /** Edits the last message of this user; does nothing if there is none. */
  editLast(): void {
    const last = this.#rows.findLast(row => row.kind === 'message' && row.own && !row.deleted);
    if (last?.kind === 'message') this.edit(last);
  }

  /** Leads to a message. Loads older pages if it is not far above them. */
  async jumpTo({ offset }: Pick<MessageRow, 'offset'>): Promise<void> {
    const { room, onFar } = this.#options;
    const isAway = () => room.status.phase !== 'live' || room.history.error !== null;
    for (let pages = 0; pages < MOST_PAGES && !room.reaches(offset) && !isAway(); pages++) await room.loadOlder();
    this.update(this.#online);
    const row = this.#rows.find(row => row.kind === 'message' && row.offset === offset);
    const target = row && this.#elementOf(row.key);
    if (!row || !target) return onFar(offset);
    this.#setFollowing(false);
    target.scrollIntoView({ block: 'center' });
    this.focusOn(row.key);
    target.classList.add('found');
    target.addEventListener('animationend', () => target.classList.remove('found'), { once: true });
  }

  /** Moves the focus to a message. */
  focusOn(key: string): void {
    this.#elementOf(key)?.querySelector<HTMLElement>('.tools button')?.focus({ preventScroll: true });
  }

  toBottom(): void {
    this.root.scrollTop = this.root.scrollHeight;
    this.#setFollowing(true);
  }

  #render(rows: readonly Row[]): void {
    const delivered = rows.findLast(row => row.kind === 'message' && row.own);
    const last = rows.findLast(row => 'own' in row);
    this.#rows = rows;
    const bubbles = rows.filter(row => row.kind === 'message');
    const around: RowSurroundings = {
      online: this.#online,
      editing: this.#editing,
      current:
        (bubbles.find(({ key }) => key === this.#current) ?? bubbles.findLast(({ deleted }) => !deleted))?.key ?? null,
      // "Delivered" goes once another user has written below.
      lastDelivered: delivered && last && 'own' in last && last.own ? delivered.key : null,
    };
    reconcile(this.#list, rows, {
      key: row => row.key,
      create: row => createRow(row, this.#rowOptions),
      update: (target, row) => updateRow(target, row, this.#rowOptions, around),
    });
  }

  #endEdit(row: MessageRow, text: string | null): void {
    this.#editing = null;
    if (text !== null) this.#options.onEdit(row, text);
    this.update(this.#online);
    this.focusOn(row.key);
  }

  #now(row: MessageRow): MessageRow {
    return this.#rows.find((now): now is MessageRow => now.kind === 'message' && now.key === row.key) ?? row;
  }

  #elementOf(key: string): HTMLElement | undefined {
    return [...this.#list.children].find(
      (child): child is HTMLElement => child instanceof HTMLElement && child.dataset['key'] === key,
    );
  }

  #onFocus({ target }: FocusEvent): void {
    const row = target instanceof Element ? target.closest<HTMLElement>('.message') : null;
    const key = row?.dataset['key'] ?? null;
    if (key === this.#current) return;
    this.#current = key;
    this.#render(this.#rows);
  }

  /** The keys up and down lead from the buttons of a message to those of the next. */
  #onKey(event: KeyboardEvent): void {
    const { target, key } = event;
    if (!(target instanceof HTMLButtonElement) || (key !== 'ArrowUp' && key !== 'ArrowDown')) return;
    const buttons = [...this.#list.querySelectorAll<HTMLElement>('.tools button')];
    const own = target.closest('.message')?.querySelector<HTMLElement>('.tools button');
    const next = own ? buttons[buttons.indexOf(own) + (key === 'ArrowUp' ? -1 : 1)] : undefined;
    event.preventDefault();
    next?.focus();
  }

  #renderTop(empty: boolean): void {
    const { room, texts } = this.#options;
    const { loading, error, complete, loaded } = room.history;
    const title = this.#options.mention();
    const line = (text: string) => element('p', { text });
    const button = element('button', {
      class: 'text-button',
      text: texts.text('history.retry'),
      attributes: { type: 'button' },
      on: { click: () => void room.loadOlder() },
    });
    const contents = {
      error: () => [line(texts.text('history.error')), button],
      loading: () => [element('span', { class: 'spinner' }), line(texts.text('history.loading'))],
      older: () => [element('span', { class: 'spinner' }), line(texts.text('history.loadingOlder'))],
      start: () => [line(texts.text('history.start', { room: title }))],
      empty: () => [
        element('strong', { text: texts.text('history.emptyTitle') }),
        line(texts.text('history.emptyHint', { room: title })),
      ],
    };
    const waiting = !loaded && room.status.phase !== 'refused';
    let shown: keyof typeof contents | '' = '';
    if (error) shown = 'error';
    else if (loading || waiting) shown = loaded ? 'older' : 'loading';
    else if (loaded && complete) shown = empty ? 'empty' : 'start';
    const key = `${shown} ${title}`;
    if (this.#top.dataset['shown'] === key) return;
    this.#top.dataset['shown'] = key;
    this.#top.replaceChildren(...(shown === '' ? [] : contents[shown]()));
  }

  /** The first message in view and its place, which it keeps when older ones are added above. */
  #anchor(): { element: Element; top: number } | null {
    if (this.#following) return null;
    const edge = this.root.getBoundingClientRect().top;
    for (const child of this.#list.querySelectorAll('.message')) {
      const { top, bottom } = child.getBoundingClientRect();
      if (bottom > edge) return { element: child, top };
    }
    return null;
  }

  #firstPosition(): void {
    this.#positioned = true;
    if (!this.#marked) this.#newAfter = null;
    this.toBottom();
    const mark = this.#list.querySelector('.separator.new');
    if (!mark) return;
    const above = mark.getBoundingClientRect().top - this.root.getBoundingClientRect().top;
    if (above < 0) this.root.scrollTop += above - NEAR_BOTTOM;
  }

  #onScroll(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.root;
    this.#setFollowing(scrollHeight - clientHeight - scrollTop < NEAR_BOTTOM);
    this.#loadIfNeeded();
  }

  #loadIfNeeded(): void {
    const { room } = this.#options;
    if (!this.#positioned || room.history.error || this.root.clientHeight === 0) return;
    if (this.root.scrollTop < NEAR_TOP) void room.loadOlder();
  }

  #keepFollowing(): void {
    if (this.#following) this.toBottom();
    this.#loadIfNeeded();
  }

  #setFollowing(following: boolean): void {
    if (following === this.#following) return;
    this.#following = following;
    // Messages that arrive while the end is in view count as read; later ones are marked as new.
    if (!following) this.#newAfter ??= this.#options.room.readOffset;
    else if (!this.#marked) this.#newAfter = null;
    this.#options.onFollow();
  }
}
