import { mentionsOf } from '../server/fold/mentions.ts';
import type { Message } from './message.ts';
import type { ResultOf } from './verbs.ts';

/** Messages with all changes in them, as the server answered them. */
export interface MessagePage {
  /** Ascending by offset. */
  readonly messages: readonly Message[];
  /** Lowest offset in the answer; null for an empty one. */
  readonly floor: number | null;
  /** Offset up to which every entry of the room is in the messages. */
  readonly upto: number;
  /** Epoch that the offsets count in. */
  readonly epoch: string;
}

type Item = ResultOf<'message.list'>['items'][number];

/** Page of an answer of `message.list` or `message.get`. Items of types that this version does not know are left out. */
export function pageOf({ items, upto, epoch }: ResultOf<'message.list'>): MessagePage {
  const messages = items.filter(({ type }) => type === 'message').map(messageOf);
  return { messages, floor: items[0]?.offset ?? null, upto, epoch };
}

function messageOf(item: Item): Message {
  const {
    offset,
    id,
    user,
    time,
    text = '',
    rev,
    deleted = 0,
    reactions = [],
    replyTo = null,
    mentions = [],
    all,
  } = item;
  const known = { offset, id, user, time, text, rev, deleted, replyTo, reactions: reactions.map(reactionOf) };
  return { ...known, ...mentionsOf({ mentions, ...(all === true ? { all } : {}) }) };
}

function reactionOf({ emoji, n, users }: NonNullable<Item['reactions']>[number]): Message['reactions'][number] {
  const more = n - users.length;
  return { emoji, users, ...(more > 0 ? { more } : {}) };
}
