import type { AnyBulkWriteOperation } from 'mongodb';
import type { Reaction } from '../fold/changes.ts';
import type { ReactionEntry } from '../fold/entry.ts';
import { where } from './queries.ts';

/** A user's emoji on a message: a document in the collection `reactions`. */
export interface VoteDocument {
  /** See {@link messageKeyOf}, then user and emoji. */
  readonly _id: string;
  readonly user: string;
  readonly emoji: string;
  readonly on: boolean;
  /** Offset of the entry. */
  readonly at: number;
}

/** Users whom the reaction of a message names, an emoji: keeps a document below some 100 KB with 20 emoji. */
const NAMED = 100;
/** Digits of the largest offset. */
const DIGITS = 16;
const SEPARATOR = '\0';
/** The character after {@link SEPARATOR}. */
const AFTER_SEPARATOR = '\x01';

/**
 * Key of a message among documents about messages: sorted by offset within a room. Ids and users are quoted, so that they do not
 * contain the separator; names of rooms have no control characters.
 */
export const messageKeyOf = (room: string, target: number, of: string): string =>
  [room, padded(target), JSON.stringify(of)].join(SEPARATOR);

/** Offset as text whose order is that of the offsets. */
export const padded = (offset: number): string => String(offset).padStart(DIGITS, '0');

/** Condition on `_id` of the documents about one message. */
export const aboutMessage = (room: string, target: number, of: string) => {
  const key = messageKeyOf(room, target, of);
  return { $gt: key + SEPARATOR, $lt: key + AFTER_SEPARATOR };
};

/**
 * Writes of votes on one message, the last one of each user for each emoji. A vote that is older than the stored one fails with a
 * duplicate key.
 */
export function voteWrites(room: string, votes: readonly ReactionEntry[]): AnyBulkWriteOperation<VoteDocument>[] {
  const last = new Map<string, ReactionEntry>();
  for (const entry of votes) {
    const key = [messageKeyOf(room, entry.target, entry.of), JSON.stringify(entry.user), entry.emoji].join(SEPARATOR);
    if ((last.get(key)?.offset ?? 0) < entry.offset) last.set(key, entry);
  }
  return [...last].map(([_id, { user, emoji, on, offset: at }]) => ({
    updateOne: {
      filter: where('reactions.vote', { _id, at: { $lt: at } }),
      update: { $set: { user, emoji, on, at } },
      upsert: true,
    },
  }));
}

/** Reactions of a message as its document has them, in the order of their first users. Pure. */
export function reactionsOf(votes: readonly VoteDocument[]): Reaction[] {
  const on = votes.filter(vote => vote.on).sort((a, b) => a.at - b.at);
  return [...Map.groupBy(on, ({ emoji }) => emoji)].map(([emoji, all]) => ({
    emoji,
    users: all.slice(0, NAMED).map(({ user, at }) => ({ user, at })),
    ...(all.length > NAMED ? { more: all.length - NAMED } : {}),
  }));
}
