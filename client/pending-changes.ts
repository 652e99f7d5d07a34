import { mentionsOf } from '../server/fold/mentions.ts';
import { countOf, type Message } from './message.ts';
import type { Change, OutgoingChange } from './outgoing.ts';

type ReactionChange = Extract<Change, { type: 'reaction' }>;

/** Place of a reaction without an offset yet: behind all that are stored. */
const LAST = Number.MAX_SAFE_INTEGER;

/**
 * Messages as they will be once the waiting edits and reactions of a user are stored. A refused change is left out, and so is a
 * delete: a text must not look deleted while others can still read it.
 */
export function withChanges(
  messages: readonly Message[],
  changes: readonly OutgoingChange[],
  user: string,
): readonly Message[] {
  const waiting = changes.filter(({ refusal }) => refusal === null).map(({ change }) => change);
  if (waiting.length === 0) return messages;
  return messages.map(message => waiting.reduce((before, change) => changed(before, change, user), message));
}

function changed(message: Message, change: Change, user: string): Message {
  if (change.type === 'delete' || change.target !== message.offset || change.of !== message.id) return message;
  if (message.deleted > 0) return message;
  if (change.type === 'reaction') return withReaction(message, change, user);
  const { mentions: _, all: __, ...rest } = message;
  return { ...rest, text: change.text, ...mentionsOf(change) };
}

function withReaction(message: Message, { emoji, on }: Pick<ReactionChange, 'emoji' | 'on'>, user: string): Message {
  const before = message.reactions.find(known => known.emoji === emoji);
  const users = before?.users ?? [];
  if (users.some(by => by.user === user) === on) return message;
  const after = { ...before, emoji, users: on ? [...users, { user, at: LAST }] : users.filter(by => by.user !== user) };
  const reactions = before
    ? message.reactions.map(known => (known === before ? after : known))
    : [...message.reactions, after];
  return { ...message, reactions: reactions.filter(known => countOf(known) > 0) };
}
