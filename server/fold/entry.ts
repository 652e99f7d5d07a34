import { type Mentions, readMentions } from './mentions.ts';

/** Reference to a message: both parts must name the same one, so that an offset of another epoch hits nothing. */
export interface Target {
  /** Offset of the message. */
  readonly target: number;
  /** Id of the message. */
  readonly of: string;
}

/** Reference from a reply to the message it answers. Its text is never copied, so that an edit or delete reaches it too. */
export interface ReplyTo {
  readonly offset: number;
  readonly id: string;
}

/** A message, as it was sent. */
export interface MessageEntry extends Mentions {
  readonly type: 'message';
  readonly offset: number;
  readonly id: string;
  readonly user: string;
  /** Milliseconds since 1970: for people, never for order. */
  readonly time: number;
  readonly text: string;
  readonly replyTo?: ReplyTo;
}

/** Another text of a message, with its mentions in place of those before. */
export interface EditEntry extends Target, Mentions {
  readonly type: 'edit';
  readonly offset: number;
  readonly text: string;
  /** Revision the author saw. The edit counts only if that is the current one; undefined to count in any case. */
  readonly rev?: number;
}

/** A message that is deleted. With its author and time it is known to have been there, also to a reader who never had it. */
export interface DeletedTarget extends Target {
  /** Author; undefined in an entry of an earlier version. */
  readonly user?: string;
  /** Milliseconds since 1970; undefined in an entry of an earlier version. */
  readonly time?: number;
}

/** Removal of messages for everybody. */
export interface DeleteEntry {
  readonly type: 'delete';
  readonly offset: number;
  readonly targets: readonly DeletedTarget[];
}

/** A user's emoji on a message, put there or taken away. */
export interface ReactionEntry extends Target {
  readonly type: 'reaction';
  readonly offset: number;
  readonly user: string;
  readonly emoji: string;
  readonly on: boolean;
}

/** Messages that a user does not want to see any more. It stands in the log of the user's inbox. */
export interface HideEntry {
  readonly type: 'hide';
  readonly offset: number;
  readonly user: string;
  /** Room of the messages. */
  readonly room: string;
  readonly targets: readonly Target[];
}

/** One entry of a room's log that changes what its readers see. */
export type Entry = MessageEntry | EditEntry | DeleteEntry | ReactionEntry;

type Fields = Readonly<Record<string, unknown>>;

/** Facts about an entry that its author cannot write: from the envelope, or from a publication. */
export interface Stamped {
  readonly type: string;
  readonly offset: number;
  readonly user: string;
}

/**
 * Reads the body of an entry. Gateways write these bodies; one that does not fit its type comes from a newer version and is
 * skipped, like an unknown type.
 * @returns null for an entry that changes nothing here
 */
export function readEntry({ type, offset, user }: Stamped, data: unknown): Entry | null {
  if (typeof data !== 'object' || data === null) return null;
  const body = data as Fields;
  const read = READERS[type];
  return read && Object.hasOwn(READERS, type) ? read(body, offset, user) : null;
}

const READERS: Readonly<Record<string, (body: Fields, offset: number, user: string) => Entry | null>> = {
  message(body, offset, user) {
    const { id, text, time, replyTo } = body;
    if (typeof id !== 'string' || typeof text !== 'string') return null;
    const reply = readReply(replyTo);
    return {
      type: 'message',
      offset,
      id,
      user,
      time: typeof time === 'number' ? time : 0,
      text,
      ...readMentions(body),
      ...(reply ? { replyTo: reply } : {}),
    };
  },
  edit(body, offset) {
    const target = readTarget(body);
    const { text, rev } = body;
    if (!target || typeof text !== 'string') return null;
    return { type: 'edit', offset, ...target, text, ...readMentions(body), ...(isOffset(rev) ? { rev } : {}) };
  },
  delete({ targets }, offset) {
    if (!Array.isArray(targets)) return null;
    return { type: 'delete', offset, targets: targets.flatMap(target => readDeleted(target) ?? []) };
  },
  reaction(body, offset, user) {
    const target = readTarget(body);
    const { emoji, on } = body;
    if (!target || typeof emoji !== 'string' || typeof on !== 'boolean') return null;
    return { type: 'reaction', offset, user, ...target, emoji, on };
  },
};

/** Reads the body of an entry `hide`, as {@link readEntry} does. @returns null for any other */
export function readHide({ type, offset, user }: Stamped, data: unknown): HideEntry | null {
  if (type !== 'hide' || typeof data !== 'object' || data === null) return null;
  const { room, targets } = data as Fields;
  if (typeof room !== 'string' || !Array.isArray(targets)) return null;
  return { type, offset, user, room, targets: targets.flatMap(target => readTarget(target) ?? []) };
}

function readTarget(value: unknown): Target | null {
  const { target, of } = (value ?? {}) as Fields;
  return isOffset(target) && typeof of === 'string' ? { target, of } : null;
}

function readDeleted(value: unknown): DeletedTarget | null {
  const target = readTarget(value);
  const { user, time } = (value ?? {}) as Fields;
  return target && typeof user === 'string' && typeof time === 'number' ? { ...target, user, time } : target;
}

function readReply(value: unknown): ReplyTo | null {
  const { offset, id } = (value ?? {}) as Fields;
  return isOffset(offset) && typeof id === 'string' ? { offset, id } : null;
}

const isOffset = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;
