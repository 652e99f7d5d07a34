import type { Message } from '../../../client/message.ts';
import type { OutgoingMessage } from '../../../client/outgoing.ts';
import { calendarDaysBetween } from '../i18n/language.ts';

/** Longest time between messages of one user that stand together under one name, in milliseconds. */
const GROUP_MS = 5 * 60_000;

interface Bubble {
  /** The same before and after delivery, so that one element shows the message throughout. */
  readonly key: string;
  readonly user: string;
  readonly own: boolean;
  readonly text: string;
  readonly time: number;
  /** Place in a group: the user's name stands above the first message, the bubble's tail below the last. */
  readonly first: boolean;
  readonly last: boolean;
}
export type Row =
  | { readonly kind: 'day'; readonly key: string; readonly time: number }
  | { readonly kind: 'new'; readonly key: string }
  | (Bubble & { readonly kind: 'message'; readonly offset: number })
  | (Bubble & { readonly kind: 'outgoing'; readonly entry: OutgoingMessage });

export interface RowsInput {
  /** Ascending by offset. */
  readonly messages: readonly Message[];
  readonly outgoing: readonly OutgoingMessage[];
  readonly user: string;
  /** The mark for new messages stands before the first message of another user above this offset; null for no mark. */
  readonly newAfter: number | null;
}

/** Rows of a room's list, from top to bottom: days, the mark for new messages, and messages in groups. */
export function messageRows({ messages, outgoing, user, newAfter }: RowsInput): Row[] {
  const delivered = new Set<string>();
  const rows: Row[] = [];
  let previousTime: number | null = null;
  let marked = newAfter === null;

  const day = (time: number, key: string) => {
    // Offsets order the list, not times: a day may appear twice, so its key names the message after it.
    if (previousTime === null || calendarDaysBetween(previousTime, time) !== 0)
      rows.push({ kind: 'day', key: `day before ${key}`, time });
    previousTime = time;
  };

  for (const message of messages) {
    const own = message.user === user;
    if (own) delivered.add(message.id);
    const key = keyOf(message.user, message.id);
    day(message.time, key);
    if (!marked && !own && message.offset > (newAfter ?? 0)) {
      rows.push({ kind: 'new', key: 'new' });
      marked = true;
    }
    const { offset, text, time } = message;
    rows.push({ kind: 'message', key, user: message.user, own, text, time, offset, first: true, last: true });
  }
  for (const entry of outgoing) {
    if (delivered.has(entry.id)) continue;
    const key = keyOf(user, entry.id);
    day(entry.time, key);
    const { text, time } = entry;
    rows.push({ kind: 'outgoing', key, user, own: true, text, time, entry, first: true, last: true });
  }
  return grouped(rows);
}

function grouped(rows: readonly Row[]): Row[] {
  return rows.map((row, index) => {
    if (!('user' in row)) return row;
    return { ...row, first: !together(rows[index - 1], row), last: !together(row, rows[index + 1]) };
  });
}

function together(above: Row | undefined, below: Row | undefined): boolean {
  if (!above || !below || !('user' in above) || !('user' in below)) return false;
  return above.user === below.user && Math.abs(below.time - above.time) < GROUP_MS;
}

const keyOf = (user: string, id: string): string => `message ${user} ${id}`;
