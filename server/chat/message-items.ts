import type { Reaction } from '../fold/changes.ts';
import { MOST_MENTIONS, mentionsOf } from '../fold/mentions.ts';
import type { FoldedMessage } from '../fold/room-fold.ts';
import type { FoldedRange } from './folded-rooms.ts';
import { about, bool, int, list, object, optional, text, uuid7, type ValuesOf } from './params.ts';

/** Messages of one answer. */
export const MOST_ITEMS = 100;
/** Users that an item names for one emoji: a page of 100 messages with 20 emoji each stays below some 1 MB. */
const MOST_NAMED = 10;

const REACTOR = {
  user: text({ min: 1 }),
  at: about(int({ min: 1 }), 'Offset of the reaction.'),
};

/** A message with its changes, as lists answer it. */
const ITEM = {
  offset: about(int({ min: 1 }), "Place of the message in the room's order."),
  id: about(text(), 'Id of the message.'),
  type: about(text({ min: 1 }), '`message`; `skipped` in place of messages of which too many in a row are left out.'),
  user: about(text(), 'Author.'),
  time: about(int(), 'Milliseconds since 1970: for people, never for order.'),
  text: about(optional(text()), 'Text after the edits that count. Absent once the message is deleted.'),
  mentions: about(
    optional(list(text({ min: 1 }), MOST_MENTIONS)),
    'Users whom the text mentions; those of an edit replace those before. Absent for none, and once the message is deleted.',
  ),
  all: about(optional(bool), 'True if the text mentions everybody in the room. Absent if not.'),
  rev: about(
    int({ min: 1 }),
    'Offset of the entry that the text comes from: of the message, its last edit or its delete.',
  ),
  deleted: about(optional(int({ min: 1 })), 'Offset of the delete. Absent while the message is there.'),
  reactions: about(
    optional(
      list(
        object({
          emoji: text({ min: 1 }),
          n: about(int({ min: 1 }), 'Number of users.'),
          users: about(
            list(object(REACTOR), MOST_NAMED + 1),
            `The first ${MOST_NAMED} of them, and the caller if it is one of the first hundred.`,
          ),
        }),
        Number.MAX_SAFE_INTEGER,
      ),
    ),
    'Absent for none.',
  ),
  replyTo: about(
    optional(object({ offset: int({ min: 1 }), id: text({ min: 1 }) })),
    'Message of the room that this one answers.',
  ),
};

/** Result of a list of messages. */
export const ITEMS = {
  items: about(list(object(ITEM), MOST_ITEMS), 'Messages, ascending by offset.'),
  upto: about(
    int(),
    'Offset up to which every change is in the messages. A subscription from it continues without a gap; a change that is in them may come again and changes nothing.',
  ),
  epoch: about(text({ min: 1 }), 'Epoch that the offsets count in.'),
};

export type Item = ValuesOf<typeof ITEM>;

/** Item of a message for a user. Pure. */
export function itemOf(message: FoldedMessage, reader: string): Item {
  const { offset, id, user, time, rev, deleted, reactions, replyTo } = message;
  return {
    offset,
    id,
    type: 'message',
    user,
    time,
    ...(deleted === 0 ? { text: message.text, ...mentionsOf(message) } : {}),
    rev,
    ...(deleted > 0 ? { deleted } : {}),
    ...(reactions.length > 0 ? { reactions: reactions.map(reaction => countOf(reaction, reader)) } : {}),
    ...(replyTo ? { replyTo } : {}),
  };
}

/**
 * Items of a page for a user. One in which too many messages in a row were left out has an item of the type `skipped` at the last of
 * their offsets: an empty page is the end for every client, and any client goes on from the offsets of a page.
 */
export const itemsOf = ({ messages, skippedTo }: FoldedRange, reader: string): readonly Item[] =>
  skippedTo === null
    ? messages.map(message => itemOf(message, reader))
    : [{ offset: skippedTo, id: '', type: 'skipped', user: '', time: 0, rev: skippedTo }];

function countOf({ emoji, users, more = 0 }: Reaction, reader: string) {
  const named = users.filter(({ user }, index) => index < MOST_NAMED || user === reader);
  return { emoji, n: users.length + more, users: named };
}

/** Bytes of an answer. A reply is one frame, which the send buffer has to hold, as that of `history`. */
const ANSWER_BYTES = 512 * 1024;

/**
 * Leaves out items from one end until the others fit into an answer; one is left.
 * @param fromEnd true to leave out the last ones
 */
export function fitting(items: readonly Item[], sendBufferBytes: number, fromEnd: boolean): readonly Item[] {
  const most = Math.min(ANSWER_BYTES, sendBufferBytes / 2);
  const ordered = fromEnd ? items : [...items].reverse();
  let bytes = 0;
  const count = ordered.findIndex((item, index) => {
    bytes += Buffer.byteLength(JSON.stringify(item));
    return index > 0 && bytes > most;
  });
  const kept = count < 0 ? ordered : ordered.slice(0, count);
  return fromEnd ? kept : [...kept].reverse();
}

/** Parameter that names messages. */
export const MESSAGE_IDS = list(
  object({ target: about(int({ min: 1 }), 'Offset of the message.'), of: about(uuid7, 'Id of the message.') }),
  MOST_ITEMS,
);
