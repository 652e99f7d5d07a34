import type { Outgoing } from '../../../client/outgoing.ts';
import { element, showOnChange } from '../dom/element.ts';
import { icon } from '../dom/icons.ts';
import type { StringKey } from '../i18n/en.ts';
import type { Texts } from '../i18n/language.ts';
import type { MessageRow, OutgoingRow } from '../page/message-rows.ts';
import { isDirect } from '../page/room-name.ts';

export interface MessageStateOptions {
  readonly texts: Texts;
  readonly onResend: (entry: Outgoing) => void;
  readonly onDiscard: (entry: Outgoing) => void;
}

type Line =
  | { readonly kind: 'note'; readonly icon: 'check' | 'clock'; readonly text: StringKey }
  | { readonly kind: 'refusal'; readonly text: StringKey; readonly entry: Outgoing };

const DOING = {
  edit: { online: 'message.saving', offline: 'message.waiting.edit' },
  delete: { online: 'message.deleting', offline: 'message.waiting.delete' },
} as const;

/** Shows below a message how far it, or a change of it, has come, and what the user may do about a refusal. */
export function messageState(
  target: HTMLElement,
  row: MessageRow | OutgoingRow,
  around: { readonly online: boolean; readonly lastDelivered: string | null },
  options: MessageStateOptions,
): void {
  const lines = row.kind === 'outgoing' ? [ofOutgoing(row, around.online)] : ofMessage(row, around);
  showOnChange(target, lines, () => lines.map(line => lineOf(line, options)));
}

function ofOutgoing({ entry }: OutgoingRow, online: boolean): Line {
  if (entry.refusal) return { kind: 'refusal', text: 'messages.failed', entry };
  return { kind: 'note', icon: 'clock', text: online ? 'messages.sending' : 'messages.waiting' };
}

function ofMessage(
  { key, changes }: MessageRow,
  { online, lastDelivered }: { readonly online: boolean; readonly lastDelivered: string | null },
): Line[] {
  const lines: Line[] = changes
    .filter(({ refusal }) => refusal)
    .map(entry => ({ kind: 'refusal', text: `message.refused.${entry.change.type}`, entry }));
  // A reaction that waits shows in its chip: a line that comes and goes at each would move the messages below.
  const waiting = changes.filter(({ refusal }) => !refusal).map(({ change }) => change.type);
  const doing = waiting.includes('delete') ? 'delete' : waiting.includes('edit') ? 'edit' : null;
  if (doing) lines.push({ kind: 'note', icon: 'clock', text: DOING[doing][online ? 'online' : 'offline'] });
  else if (lines.length === 0 && key === lastDelivered)
    lines.push({ kind: 'note', icon: 'check', text: 'messages.stored' });
  return lines;
}

function lineOf(line: Line, { texts, onResend, onDiscard }: MessageStateOptions): HTMLElement {
  if (line.kind === 'note')
    return element('div', {}, icon(line.icon), element('span', { text: texts.text(line.text) }));
  const { entry, text } = line;
  const reason = reasonOf(texts, entry);
  return element(
    'div',
    { class: 'refusal' },
    icon('alert'),
    element('span', { text: texts.text(text, { reason }) }),
    action(texts.text('messages.retry'), () => onResend(entry)),
    action(texts.text('messages.discard'), () => onDiscard(entry)),
  );
}

/** Codes of a message that is refused in the room of two users: by the other one, or by a block of this one. */
const IN_DIRECT: Readonly<Record<number, StringKey>> = { 103: 'error.notLet', 409: 'error.youBlock' };

function reasonOf(texts: Texts, { refusal, room, ...entry }: Outgoing): string {
  if (!refusal) return '';
  const direct = isDirect(room) && !('change' in entry) ? IN_DIRECT[refusal.code] : undefined;
  return direct ? texts.text(direct) : texts.reason(refusal.code, refusal.reason);
}

const action = (text: string, onClick: () => void): HTMLElement =>
  element('button', { class: 'text-button', text, attributes: { type: 'button' }, on: { click: onClick } });
