import type { Outgoing } from '../../../client/outgoing.ts';
import { element, setText } from '../dom/element.ts';
import { icon } from '../dom/icons.ts';
import { stretchesOf } from '../dom/links.ts';
import type { Texts } from '../i18n/language.ts';
import type { Row } from '../page/message-rows.ts';
import { avatar } from './avatar.ts';

export interface MessageRowOptions {
  readonly texts: Texts;
  readonly now: () => number;
  readonly onResend: (entry: Outgoing) => void;
  readonly onDiscard: (entry: Outgoing) => void;
}

/** State of the page outside a row that the row shows. */
export interface RowSurroundings {
  readonly online: boolean;
  /** Key of the one message that shows "Delivered": this user's last, if no message of another user is below it. */
  readonly lastDelivered: string | null;
}

export function createRow(row: Row, { texts, now }: MessageRowOptions): HTMLElement {
  if (row.kind === 'day') {
    return element('li', { class: 'separator' }, element('span', { text: texts.day(row.time, now()) }));
  }
  if (row.kind === 'new') {
    return element('li', { class: 'separator new' }, element('span', { text: texts.text('messages.new') }));
  }
  return element(
    'li',
    {},
    row.own ? null : avatar(row.user),
    element(
      'div',
      { class: 'body' },
      element(
        'div',
        { class: 'meta' },
        element('span', { class: 'sender', text: row.user, attributes: { dir: 'auto' } }),
        element('time'),
      ),
      element('div', { class: 'bubble' }, element('p', { attributes: { dir: 'auto' } }, ...contentOf(row.text))),
      element('div', { class: 'state' }),
    ),
  );
}

export function updateRow(target: HTMLElement, row: Row, options: MessageRowOptions, around: RowSurroundings): void {
  if (row.kind === 'day') {
    const [label] = target.children;
    if (label) setText(label, options.texts.day(row.time, options.now()));
    return;
  }
  if (row.kind === 'new') return;
  const state = stateOf(row, around);
  // Most rows of a long list did not change.
  const shown = JSON.stringify([row.kind, row.first, row.last, row.time, state]);
  if (target.dataset['shown'] === shown) return;
  target.dataset['shown'] = shown;
  const classes = ['message', row.own ? 'own' : 'other'];
  if (row.first) classes.push('first');
  if (row.last) classes.push('last');
  if (row.kind === 'outgoing') classes.push(state.refusal ? 'refused' : 'pending');
  target.className = classes.join(' ');

  const time = target.querySelector('time');
  if (time) {
    const date = new Date(row.time);
    time.dateTime = Number.isNaN(date.getTime()) ? '' : date.toISOString();
    time.title = options.texts.fullTime(row.time);
    setText(time, options.texts.time(row.time));
  }
  target.querySelector('.state')?.replaceChildren(...contentOfState(row, state, options));
}

type Bubble = Extract<Row, { kind: 'message' | 'outgoing' }>;
interface State {
  readonly refusal: Outgoing['refusal'];
  readonly note: 'stored' | 'sending' | 'waiting' | null;
}

function stateOf(row: Bubble, around: RowSurroundings): State {
  if (row.kind === 'message') return { refusal: null, note: row.key === around.lastDelivered ? 'stored' : null };
  const { refusal } = row.entry;
  if (refusal) return { refusal, note: null };
  return { refusal, note: around.online ? 'sending' : 'waiting' };
}

function contentOfState(row: Bubble, { refusal, note }: State, options: MessageRowOptions): Node[] {
  const { texts } = options;
  if (refusal && row.kind === 'outgoing') {
    const { entry } = row;
    const reason = texts.reason(refusal.code, refusal.reason);
    return [
      icon('alert'),
      element('span', { text: texts.text('messages.failed', { reason }) }),
      action(texts.text('messages.retry'), () => options.onResend(entry)),
      action(texts.text('messages.discard'), () => options.onDiscard(entry)),
    ];
  }
  if (note === null) return [];
  return [icon(note === 'stored' ? 'check' : 'clock'), element('span', { text: texts.text(`messages.${note}`) })];
}

const contentOf = (text: string): Node[] =>
  stretchesOf(text).map(({ text: shown, href }) => {
    if (href === undefined) return document.createTextNode(shown);
    const attributes = { href, target: '_blank', rel: 'noopener noreferrer nofollow' };
    return element('a', { text: shown, attributes });
  });

const action = (text: string, onClick: () => void): HTMLElement =>
  element('button', { class: 'text-button', text, attributes: { type: 'button' }, on: { click: onClick } });
