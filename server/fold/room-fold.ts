import { Changes, type Reaction } from './changes.ts';
import type { DeletedTarget, Entry, MessageEntry, ReplyTo } from './entry.ts';
import { type Mentions, mentionsOf } from './mentions.ts';

/** A message as its readers see it, with the mentions of its text: none once deleted. */
export interface FoldedMessage extends Mentions {
  readonly offset: number;
  readonly id: string;
  readonly user: string;
  /** Milliseconds since 1970: for people, never for order. */
  readonly time: number;
  /** Empty once deleted. */
  readonly text: string;
  /** Offset of the entry that the text comes from: of the message, or of its last edit that counts. */
  readonly rev: number;
  /** Offset of the delete; 0 for none. */
  readonly deleted: number;
  /** Null once deleted. */
  readonly replyTo: ReplyTo | null;
  /** None once deleted. */
  readonly reactions: readonly Reaction[];
}

/** A message after all entries up to an offset. */
interface Base {
  readonly message: FoldedMessage;
  readonly upto: number;
}

/**
 * Folds the entries of one room into messages. Entries and pages of messages that are folded already may be added in any
 * order, any number of times and in any split: the same knowledge always gives the same messages. An entry about a message
 * that is not known waits for it; a delete gives what is left of a message also without it.
 */
export class RoomFold {
  /** Messages by offset. */
  readonly #bases = new Map<number, Base>();
  /** Changes by target, see {@link keyOf}. */
  readonly #changes = new Map<string, Changes>();
  /** Stubs of deleted messages, by offset: shown where the message itself is not known. */
  readonly #stubs = new Map<number, FoldedMessage>();

  /** Adds an entry as it stands in the log. @returns offsets of the messages that it may change */
  add(entry: Entry): readonly number[] {
    switch (entry.type) {
      case 'message':
        return this.addFolded(unchanged(entry), entry.offset);
      case 'edit':
        this.#changesOf(entry.target, entry.of).edit(entry);
        return [entry.target];
      case 'reaction':
        this.#changesOf(entry.target, entry.of).react(entry);
        return [entry.target];
      case 'delete':
        for (const target of entry.targets) this.#delete(target, entry.offset);
        return entry.targets.map(({ target }) => target);
    }
  }

  /**
   * Adds a message that was folded elsewhere.
   * @param upto offset up to which every entry of the room is in it
   * @returns offsets of the messages that it may change
   */
  addFolded(message: FoldedMessage, upto: number): readonly number[] {
    const known = this.#bases.get(message.offset);
    if (!known || known.upto <= upto) this.#bases.set(message.offset, { message, upto });
    return [message.offset];
  }

  /** The message at an offset; undefined for none. */
  message(offset: number): FoldedMessage | undefined {
    const base = this.#bases.get(offset);
    return base ? this.#folded(base) : this.#stubs.get(offset);
  }

  /** All messages, ascending by offset. */
  messages(): FoldedMessage[] {
    const stubs = [...this.#stubs.values()].filter(({ offset }) => !this.#bases.has(offset));
    const known = [...this.#bases.values()].map(base => this.#folded(base));
    return [...known, ...stubs].sort((a, b) => a.offset - b.offset);
  }

  #delete({ target, of, user, time }: DeletedTarget, offset: number): void {
    this.#changesOf(target, of).delete(offset);
    if (user === undefined || time === undefined) return;
    const stub = deleted({ offset: target, id: of, user, time }, offset);
    const known = this.#stubs.get(target);
    // The first delete counts, as it does for a message that is known.
    if (!known || stub.deleted < known.deleted || (stub.deleted === known.deleted && of < known.id))
      this.#stubs.set(target, stub);
  }

  #folded({ message, upto }: Base): FoldedMessage {
    const changes = this.#changes.get(keyOf(message.offset, message.id));
    if (!changes || message.deleted > 0) return message;
    const { deletedAt } = changes;
    if (deletedAt > 0) return deleted(message, deletedAt);
    const { mentions: _, all: __, ...rest } = message;
    return { ...rest, ...changes.text(message, upto), reactions: changes.reactions(message.reactions, upto) };
  }

  #changesOf(target: number, of: string): Changes {
    const key = keyOf(target, of);
    const changes = this.#changes.get(key) ?? new Changes();
    this.#changes.set(key, changes);
    return changes;
  }
}

const keyOf = (target: number, of: string) => `${target} ${of}`;

/** Stub of a message that was deleted at an offset. */
export function deleted(
  { offset, id, user, time }: Pick<FoldedMessage, 'offset' | 'id' | 'user' | 'time'>,
  at: number,
): FoldedMessage {
  return { offset, id, user, time, text: '', rev: at, deleted: at, replyTo: null, reactions: [] };
}

/** A message without changes. */
export function unchanged(entry: MessageEntry): FoldedMessage {
  const { offset, id, user, time, text, replyTo } = entry;
  const message = { offset, id, user, time, text, rev: offset, deleted: 0, replyTo: replyTo ?? null, reactions: [] };
  return { ...message, ...mentionsOf(entry) };
}
