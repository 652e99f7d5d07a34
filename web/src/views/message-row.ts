import type { ReplyTo } from '../../../server/fold/entry.ts';
import { element, reconcile, setText, showOnChange } from '../dom/element.ts';
import { icon } from '../dom/icons.ts';
import type { Texts } from '../i18n/language.ts';
import type { MessageRow, OutgoingRow, Row } from '../page/message-rows.ts';
import { avatar } from './avatar.ts';
import { MessageEditor } from './message-editor.ts';
import { type MessageStateOptions, messageState } from './message-state.ts';
import { messageText } from './message-text.ts';
import { quoteOf } from './quote.ts';
import { chipView } from './reactions.ts';

export interface MessageRowOptions extends MessageStateOptions {
  readonly texts: Texts;
  readonly now: () => number;
  readonly onReact: (row: MessageRow, emoji: string, on: boolean) => void;
  /** Called when the menu of a message is asked for. */
  readonly onMenu: (row: MessageRow, button: HTMLButtonElement) => void;
  /** Called when the message that a reply answers is asked for. */
  readonly onQuote: (replyTo: ReplyTo) => void;
  /** Called at the end of an edit, with the new text or null if the user gave up. */
  readonly onEdited: (row: MessageRow, text: string | null) => void;
}

/** State of the page outside a row that the row shows. */
export interface RowSurroundings {
  readonly online: boolean;
  /** Key of the one message that shows "Delivered": this user's last, if no message of another user is below it. */
  readonly lastDelivered: string | null;
  /** Key of the message whose text is being edited; null for none. */
  readonly editing: string | null;
  /** Key of the message whose buttons the key Tab reaches; arrow keys lead to the others. */
  readonly current: string | null;
}

type BubbleRow = MessageRow | OutgoingRow;

export function createRow(row: Row, options: MessageRowOptions): HTMLElement {
  const { texts, now } = options;
  if (row.kind === 'day') {
    return element('li', { class: 'separator' }, element('span', { text: texts.day(row.time, now()) }));
  }
  if (row.kind === 'new') {
    return element('li', { class: 'separator new' }, element('span', { text: texts.text('messages.new') }));
  }
  const sender = element('span', { class: 'sender', text: row.user, attributes: { dir: 'auto' } });
  return element(
    'li',
    {},
    row.own ? null : avatar(row.user),
    element(
      'div',
      { class: 'body' },
      element('div', { class: 'meta' }, sender, element('time'), element('span', { class: 'for-user' })),
      element('div', { class: 'line' }, element('div', { class: 'bubble' }), element('div', { class: 'tools' })),
      element('div', { class: 'reactions' }),
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
  const className = classesOf(row, around);
  if (target.className !== className) target.className = className;
  updateTime(target, row, options.texts);
  const note = target.querySelector('.for-user');
  if (note) setText(note, isForUser(row) ? options.texts.text('message.forUser') : '');
  updateBubble(target, row, options);
  updateTools(target, row, options);
  updateEditor(target, row, options, around.editing === row.key);
  const [reactions, state] = ['.reactions', '.state'].map(part => target.querySelector<HTMLElement>(part));
  if (reactions) reconcile(reactions, row.kind === 'message' ? row.chips : [], chipView(row, options));
  if (state) messageState(state, row, around, options);
  for (const button of target.querySelectorAll<HTMLElement>('.line button:not(.text-button), .reactions button'))
    button.tabIndex = row.key === around.current ? 0 : -1;
}

function classesOf(row: BubbleRow, around: RowSurroundings): string {
  const classes = ['message', row.own ? 'own' : 'other'];
  if (row.first) classes.push('first');
  if (row.last) classes.push('last');
  if (isForUser(row)) classes.push('mentioned');
  if (row.kind === 'outgoing') classes.push(row.entry.refusal ? 'refused' : 'pending');
  else if (row.deleted) classes.push('deleted');
  else if (row.changes.some(({ refusal, change }) => !refusal && change.type === 'delete')) classes.push('going');
  if (around.editing === row.key) classes.push('editing');
  return classes.join(' ');
}

const isForUser = (row: BubbleRow): boolean => row.forUser && !(row.kind === 'message' && row.deleted);

function updateTime(target: HTMLElement, row: BubbleRow, texts: Texts): void {
  const time = target.querySelector('time');
  if (!time || time.dataset['at'] === String(row.time)) return;
  time.dataset['at'] = String(row.time);
  const date = new Date(row.time);
  time.dateTime = Number.isNaN(date.getTime()) ? '' : date.toISOString();
  time.title = texts.fullTime(row.time);
  setText(time, texts.time(row.time));
}

function updateBubble(target: HTMLElement, row: BubbleRow, { texts, onQuote }: MessageRowOptions): void {
  const bubble = target.querySelector<HTMLElement>('.bubble');
  if (!bubble) return;
  const edited = row.kind === 'message' && row.edited;
  const deleted = row.kind === 'message' && row.deleted;
  showOnChange(bubble, [row.text, row.quote, row.said, edited, deleted], () => {
    if (deleted) return [element('p', { text: texts.text('message.deleted') })];
    return [
      ...(row.quote ? [quoteOf(row.quote, texts, onQuote)] : []),
      element('p', { class: 'text', attributes: { dir: 'auto' } }, ...messageText(row.text, row.said)),
      ...(edited ? [element('span', { class: 'edited', text: texts.text('message.edited') })] : []),
    ];
  });
}

function updateTools(target: HTMLElement, row: BubbleRow, { texts, onMenu }: MessageRowOptions): void {
  const tools = target.querySelector<HTMLElement>('.tools');
  if (!tools) return;
  const shown = row.kind === 'message' && !row.deleted;
  showOnChange(tools, [shown, row.kind, row.text], () => {
    if (!shown) return [];
    const label = texts.text('message.actions', { user: row.user, time: texts.time(row.time) });
    const button: HTMLButtonElement = element(
      'button',
      {
        class: 'icon-button',
        attributes: { type: 'button', 'aria-label': label, 'aria-haspopup': 'menu', 'aria-expanded': 'false' },
        on: { click: () => onMenu(row, button) },
      },
      icon('more'),
    );
    return [button];
  });
}

function updateEditor(
  target: HTMLElement,
  row: BubbleRow,
  { texts, onEdited }: MessageRowOptions,
  editing: boolean,
): void {
  const editor = target.querySelector('.editor');
  if (row.kind !== 'message' || row.deleted || !editing) {
    editor?.remove();
    return;
  }
  if (editor) return;
  const made = new MessageEditor({ texts, text: row.text, onEnd: text => onEdited(row, text) });
  target.querySelector('.line')?.append(made.root);
  made.focus();
}
