import type { ReplyTo, Target } from '../server/fold/entry.ts';
import { type Mentions, mentionsOf, readMentions } from '../server/fold/mentions.ts';
import { callErrorOf } from './call-error.ts';
import type { Publication, Transport } from './transport.ts';
import type { ResultOf } from './verbs.ts';

/** Final refusal of the server: the user decides what to do. */
export interface Refusal {
  readonly code: number;
  readonly reason: string;
}

/** Act of this user that the server has not acknowledged. */
interface Act {
  /** Id that every try carries, so that the act is stored once. It changes only if the server refuses the id. */
  readonly id: string;
  readonly room: string;
  /** Milliseconds since 1970 when the user did it. */
  readonly time: number;
  /** Null while it is to be sent. */
  readonly refusal: Refusal | null;
}

/** Message that is not acknowledged. */
export interface OutgoingMessage extends Act, Mentions {
  readonly text: string;
  /** Message that this one answers; undefined for none. */
  readonly replyTo?: ReplyTo;
}

/** Change of stored messages. */
export type Change =
  | (Target & Mentions & { readonly type: 'edit'; readonly text: string })
  | (Target & { readonly type: 'reaction'; readonly emoji: string; readonly on: boolean })
  | { readonly type: 'delete'; readonly targets: readonly Target[] };

/** Change that is not acknowledged. */
export interface OutgoingChange extends Act {
  readonly change: Change;
}

export type Outgoing = OutgoingMessage | OutgoingChange;

/** Part of a user's outbox that is one room's. */
export interface RoomOutbox {
  readonly messages: () => readonly OutgoingMessage[];
  readonly changes: () => readonly OutgoingChange[];
  readonly send: (content: Pick<OutgoingMessage, 'text' | 'replyTo' | keyof Mentions>) => OutgoingMessage;
  readonly change: (change: Change) => OutgoingChange;
}

/** Key of what a change decides: of two with the same key, the later one is what the user wants. */
export function choiceOf(change: Change): string {
  switch (change.type) {
    case 'edit':
      return `edit ${change.target} ${change.of}`;
    case 'reaction':
      return `reaction ${change.target} ${change.of} ${change.emoji}`;
    case 'delete':
      return `delete ${change.targets.map(({ target, of }) => `${target} ${of}`).join()}`;
  }
}

/** Result of the verbs that store an entry. */
export type Acknowledgement = ResultOf<'message.send'>;

/** Calls the verb of an act. @throws {CallError}, also if the answer has no offset */
export async function sendEntry(transport: Pick<Transport, 'call'>, entry: Outgoing): Promise<Acknowledgement> {
  // The result of an older server may lack fields.
  const answer: Partial<Acknowledgement> | null = await callVerb(transport, entry);
  if (typeof answer?.offset !== 'number') throw callErrorOf(new Error('the verb answered without an offset'));
  return { offset: answer.offset, epoch: answer.epoch ?? '', duplicate: answer.duplicate === true };
}

function callVerb(transport: Pick<Transport, 'call'>, entry: Outgoing): Promise<Acknowledgement> {
  const { room, id } = entry;
  if (!('change' in entry)) {
    const { type: _, ...content } = messageOf(entry);
    return transport.call('message.send', { room, id, ...content });
  }
  switch (entry.change.type) {
    case 'edit': {
      const { target, of, text } = entry.change;
      return transport.call('message.edit', { room, id, target, of, text, ...mentionsOf(entry.change) });
    }
    case 'reaction': {
      const { target, of, emoji, on } = entry.change;
      return transport.call('message.react', { room, id, target, of, emoji, on });
    }
    case 'delete':
      return transport.call('message.delete', { room, id, targets: entry.change.targets });
  }
}

/** Publication of an act at its place, before the server's own arrives. */
export function publicationOf(entry: Outgoing, offset: number, user: string): Publication {
  const { id, time } = entry;
  const { type, ...content } = 'change' in entry ? entry.change : messageOf(entry);
  return { offset, type, data: { type, id, ...content, time }, sender: { user, client: '' } };
}

const messageOf = ({ text, replyTo, ...rest }: OutgoingMessage) => ({
  type: 'message',
  text,
  ...mentionsOf(rest),
  ...(replyTo ? { replyTo } : {}),
});

type Fields = Readonly<Record<string, unknown>>;

/** Reads an act from storage. @returns null for one that this version does not know */
export function readOutgoing(stored: string): Outgoing | null {
  try {
    const fields = JSON.parse(stored) as Fields;
    const { id, room, text, replyTo, change, time, refusal } = fields;
    if (typeof id !== 'string' || typeof room !== 'string') return null;
    const { code, reason } = (refusal ?? {}) as Fields;
    const act: Act = {
      id,
      room,
      time: typeof time === 'number' ? time : 0,
      refusal: typeof code === 'number' ? { code, reason: String(reason ?? '') } : null,
    };
    if (typeof text === 'string')
      return { ...act, text, ...readMentions(fields), ...(isReplyTo(replyTo) ? { replyTo } : {}) };
    const known = readChange(change);
    return known && { ...act, change: known };
  } catch {
    return null;
  }
}

function readChange(stored: unknown): Change | null {
  const { type, target, of, text, emoji, on, targets } = (stored ?? {}) as Fields;
  if (type === 'delete') return Array.isArray(targets) && targets.every(isTarget) ? { type, targets } : null;
  const about = { target, of };
  if (!isTarget(about)) return null;
  if (type === 'edit')
    return typeof text === 'string' ? { type, ...about, text, ...readMentions(stored as Fields) } : null;
  if (type !== 'reaction' || typeof emoji !== 'string' || typeof on !== 'boolean') return null;
  return { type, ...about, emoji, on };
}

function isTarget(value: unknown): value is Target {
  const { target, of } = (value ?? {}) as Fields;
  return typeof target === 'number' && typeof of === 'string';
}

function isReplyTo(value: unknown): value is ReplyTo {
  const { offset, id } = (value ?? {}) as Fields;
  return typeof offset === 'number' && typeof id === 'string';
}
