import type { Room } from '../../../client/room.ts';
import { element, reconcile } from '../dom/element.ts';
import { messageRows, type Row } from '../page/message-rows.ts';
import { roomMention } from '../page/room-name.ts';
import { createRow, type MessageRowOptions, updateRow } from './message-row.ts';

/** Distances from the ends of the list, in pixels. */
const NEAR_BOTTOM = 48;
const NEAR_TOP = 240;

export interface MessageListOptions extends MessageRowOptions {
  readonly user: string;
  readonly room: Room;
  /** Called when the user reaches or leaves the end of the list. */
  readonly onFollow: () => void;
}

/** The messages of one room. Follows the newest while it is in view; keeps its place while older ones load. */
export class MessageList {
  readonly root: HTMLElement;
  readonly #options: MessageListOptions;
  readonly #top = element('div', { class: 'history-state', attributes: { role: 'status' } });
  readonly #list = element('ol', { class: 'messages' });
  /** Offset behind which the mark for new messages stands; null: no mark. */
  #newAfter: number | null;
  #marked = false;
  #following = true;
  #positioned = false;
  #online = false;

  constructor(options: MessageListOptions) {
    this.#options = options;
    this.#newAfter = options.room.readOffset;
    const label = options.texts.text('room.messages', { room: roomMention(options.room.name) });
    this.root = element(
      'div',
      {
        class: 'scroller',
        attributes: { tabindex: '0', role: 'region', 'aria-label': label },
        on: { scroll: () => this.#onScroll() },
      },
      this.#top,
      this.#list,
    );
    new ResizeObserver(() => this.#keepFollowing()).observe(this.root);
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
    const rows = messageRows({ messages: room.messages, outgoing: room.outgoing, user, newAfter: this.#newAfter });
    const before = this.#anchor();
    this.#render(rows);
    this.#marked = rows.some(row => row.kind === 'new');
    this.#renderTop(rows.length === 0);
    if (!this.#positioned && room.history.loaded) this.#firstPosition();
    else if (this.#following) this.toBottom();
    else if (before) this.root.scrollTop += before.element.getBoundingClientRect().top - before.top;
    this.#loadIfNeeded();
  }

  toBottom(): void {
    this.root.scrollTop = this.root.scrollHeight;
    this.#setFollowing(true);
  }

  #render(rows: readonly Row[]): void {
    const delivered = rows.findLast(row => row.kind === 'message' && row.own);
    const last = rows.findLast(row => 'own' in row);
    const around = {
      online: this.#online,
      // "Delivered" goes once another user has written below.
      lastDelivered: delivered && last && 'own' in last && last.own ? delivered.key : null,
    };
    reconcile(this.#list, rows, {
      key: row => row.key,
      create: row => createRow(row, this.#options),
      update: (target, row) => updateRow(target, row, this.#options, around),
    });
  }

  #renderTop(empty: boolean): void {
    const { room, texts } = this.#options;
    const { loading, error, complete, loaded } = room.history;
    const title = roomMention(room.name);
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
    if (this.#top.dataset['shown'] === shown) return;
    this.#top.dataset['shown'] = shown;
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
