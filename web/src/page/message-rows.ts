import { countOf, type Message } from '../../../client/message.ts';
import type { OutgoingChange, OutgoingMessage } from '../../../client/outgoing.ts';
import type { ReplyTo } from '../../../server/fold/entry.ts';
import { type Mentions, mentionsOf } from '../../../server/fold/mentions.ts';
import { calendarDaysBetween } from '../i18n/language.ts';
import { mentionsUser } from './mention-words.ts';

/** Longest time between messages of one user that stand together under one name, in milliseconds. */
const GROUP_MS = 5 * 60_000;

/** Message that a reply answers, as it is now. */
export type Quote =
  | { readonly replyTo: ReplyTo; readonly state: 'known'; readonly user: string; readonly text: string }
  | { readonly replyTo: ReplyTo; readonly state: 'deleted' | 'unknown' };

/** One emoji on a message. */
export interface Chip {
  readonly emoji: string;
  /** In the order they reacted; perhaps not all of them. */
  readonly users: readonly string[];
  readonly count: number;
  /** True if this user reacted with it. */
  readonly own: boolean;
}

interface Bubble {
  /** The same before and after delivery, so that one element shows the message throughout. */
  readonly key: string;
  readonly user: string;
  readonly own: boolean;
  /** Empty for a deleted message. */
  readonly text: string;
  readonly time: number;
  readonly quote: Quote | null;
  readonly said: Mentions;
  /** True if it mentions this user, or everybody and is not of this user. */
  readonly forUser: boolean;
  /** Place in a group: the user's name stands above the first message, the bubble's tail below the last. */
  readonly first: boolean;
  readonly last: boolean;
}

/** Row of a stored message. */
export interface MessageRow extends Bubble {
  readonly kind: 'message';
  readonly offset: number;
  readonly id: string;
  readonly edited: boolean;
  readonly deleted: boolean;
  readonly chips: readonly Chip[];
  /** Changes of this user that wait or were refused, in the order they were made. */
  readonly changes: readonly OutgoingChange[];
}

/** Row of a message that is not acknowledged. */
export interface OutgoingRow extends Bubble {
  readonly kind: 'outgoing';
  readonly entry: OutgoingMessage;
}

export type Row =
  | { readonly kind: 'day'; readonly key: string; readonly time: number }
  | { readonly kind: 'new'; readonly key: string }
  | MessageRow
  | OutgoingRow;

export interface RowsInput {
  /** Ascending by offset. */
  readonly messages: readonly Message[];
  readonly outgoing: readonly OutgoingMessage[];
  readonly changes: readonly OutgoingChange[];
  readonly user: string;
  /** Message that a reply names and that is not among {@link messages}; undefined while unknown, null if there is none. */
  readonly quoted: (replyTo: ReplyTo) => Message | null | undefined;
  /** The mark for new messages stands before the first message of another user above this offset; null for no mark. */
  readonly newAfter: number | null;
}

/** Rows of a room's list, from top to bottom: days, the mark for new messages, and messages in groups. */
export function messageRows({ messages, outgoing, changes, user, quoted, newAfter }: RowsInput): Row[] {
  const delivered = new Set<string>();
  const known = new Map(messages.map(message => [message.offset, message]));
  const quoteOf = (replyTo: ReplyTo | null | undefined) => replyTo && quote(replyTo, known.get(replyTo.offset), quoted);
  const changesOf = changesByOffset(changes);
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
    rows.push({
      ...bubble(key, message, user, quoteOf(message.replyTo)),
      kind: 'message',
      offset: message.offset,
      id: message.id,
      edited: message.rev > message.offset,
      deleted: message.deleted > 0,
      chips: message.reactions.map(reaction => chip(reaction, user)),
      changes: changesOf.get(message.offset) ?? [],
    });
  }
  for (const entry of outgoing) {
    if (delivered.has(entry.id)) continue;
    const key = keyOf(user, entry.id);
    day(entry.time, key);
    rows.push({ ...bubble(key, { ...entry, user }, user, quoteOf(entry.replyTo)), kind: 'outgoing', entry });
  }
  return grouped(rows);
}

const bubble = (
  key: string,
  { user, text, time, ...fields }: Pick<Message, 'user' | 'text' | 'time' | keyof Mentions>,
  reader: string,
  quote: Quote | null | undefined,
): Bubble => {
  const own = user === reader;
  const said = mentionsOf(fields);
  const forUser = mentionsUser(said, reader, own);
  return { key, user, own, text, time, quote: quote ?? null, said, forUser, first: true, last: true };
};

function chip(reaction: Message['reactions'][number], reader: string): Chip {
  const users = reaction.users.map(({ user }) => user);
  return { emoji: reaction.emoji, users, count: countOf(reaction), own: users.includes(reader) };
}

function quote(replyTo: ReplyTo, loaded: Message | undefined, quoted: RowsInput['quoted']): Quote {
  const message = loaded?.id === replyTo.id ? loaded : quoted(replyTo);
  if (message === undefined) return { replyTo, state: 'unknown' };
  if (message === null || message.deleted > 0) return { replyTo, state: 'deleted' };
  return { replyTo, state: 'known', user: message.user, text: message.text };
}

function changesByOffset(changes: readonly OutgoingChange[]): ReadonlyMap<number, readonly OutgoingChange[]> {
  const found = new Map<number, OutgoingChange[]>();
  for (const outgoing of changes) {
    const { change } = outgoing;
    const targets = change.type === 'delete' ? change.targets : [change];
    for (const { target } of targets) found.set(target, [...(found.get(target) ?? []), outgoing]);
  }
  return found;
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
