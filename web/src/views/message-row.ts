import type { Outgoing } from '../../../client/outbox.ts';
import { element, setText } from '../element.ts';
import type { Texts } from '../i18n/language.ts';
import { icon } from '../icons.ts';
import { stretchesOf } from '../links.ts';
import type { Row } from '../message-rows.ts';
import { avatar } from './avatar.ts';

export interface MessageRowOptions {
  readonly texts: Texts;
  readonly now: () => number;
  readonly onResend: (entry: Outgoing) => void;
  readonly onDiscard: (entry: Outgoing) => void;
}

/** What a row needs to know of the rest of the page. */
export interface RowSurroundings {
  readonly online: boolean;
  /** Key of this user's last delivered message, which says so. */
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
  const classes = ['message', row.own ? 'own' : 'other'];
  if (row.first) classes.push('first');
  if (row.last) classes.push('last');
  if (row.kind === 'outgoing') classes.push(row.entry.refusal ? 'refused' : 'pending');
  target.className = classes.join(' ');

  const time = target.querySelector('time');
  if (time && time.dateTime !== isoOf(row.time)) {
    time.dateTime = isoOf(row.time);
    time.title = options.texts.fullTime(row.time);
    setText(time, options.texts.time(row.time));
  }
  const state = target.querySelector<HTMLElement>('.state');
  if (state) updateState(state, row, options, around);
}

type Bubble = Extract<Row, { kind: 'message' | 'outgoing' }>;

function updateState(target: HTMLElement, row: Bubble, options: MessageRowOptions, around: RowSurroundings): void {
  const { texts } = options;
  const refusal = row.kind === 'outgoing' ? row.entry.refusal : null;
  const shown = refusal ? `refused ${refusal.code} ${refusal.reason}` : stateOf(row, around);
  if ((target.dataset['shown'] ?? '') === shown) return;
  target.dataset['shown'] = shown;
  if (refusal && row.kind === 'outgoing') {
    const { entry } = row;
    const reason = texts.reason(refusal.code, refusal.reason);
    target.replaceChildren(
      icon('alert'),
      element('span', { text: texts.text('messages.failed', { reason }) }),
      action(texts.text('messages.retry'), () => options.onResend(entry)),
      action(texts.text('messages.discard'), () => options.onDiscard(entry)),
    );
    return;
  }
  if (shown === '') target.replaceChildren();
  else if (shown === 'stored') note(target, 'check', texts.text('messages.stored'));
  else note(target, 'clock', texts.text(shown === 'sending' ? 'messages.sending' : 'messages.waiting'));
}

function stateOf(row: Bubble, around: RowSurroundings): 'stored' | 'sending' | 'waiting' | '' {
  if (row.kind === 'message') return row.key === around.lastDelivered ? 'stored' : '';
  return around.online ? 'sending' : 'waiting';
}

const contentOf = (text: string): Node[] =>
  stretchesOf(text).map(({ text: shown, href }) => {
    if (href === undefined) return document.createTextNode(shown);
    const attributes = { href, target: '_blank', rel: 'noopener noreferrer nofollow' };
    return element('a', { text: shown, attributes });
  });

const note = (target: HTMLElement, name: 'check' | 'clock', text: string): void =>
  target.replaceChildren(icon(name), element('span', { text }));

const action = (text: string, onClick: () => void): HTMLElement =>
  element('button', { class: 'text-button', text, attributes: { type: 'button' }, on: { click: onClick } });

function isoOf(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}
