import { Changes, type Reaction } from './changes.ts';
import type { Entry, MessageEntry, ReplyTo } from './entry.ts';

/** A message as its readers see it. */
export interface FoldedMessage {
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
 * that is not known waits for it.
 */
export class RoomFold {
  /** Messages by offset. */
  readonly #bases = new Map<number, Base>();
  /** Changes by target, see {@link keyOf}. */
  readonly #changes = new Map<string, Changes>();

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
        for (const { target, of } of entry.targets) this.#changesOf(target, of).delete(entry.offset);
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
    return base && this.#folded(base);
  }

  /** All messages, ascending by offset. */
  messages(): FoldedMessage[] {
    return [...this.#bases.values()].map(base => this.#folded(base)).sort((a, b) => a.offset - b.offset);
  }

  #folded({ message, upto }: Base): FoldedMessage {
    const changes = this.#changes.get(keyOf(message.offset, message.id));
    if (!changes || message.deleted > 0) return message;
    const { deletedAt } = changes;
    if (deletedAt > 0) return { ...message, text: '', rev: deletedAt, deleted: deletedAt, reactions: [] };
    return { ...message, ...changes.text(message, upto), reactions: changes.reactions(message.reactions, upto) };
  }

  #changesOf(target: number, of: string): Changes {
    const key = keyOf(target, of);
    const changes = this.#changes.get(key) ?? new Changes();
    this.#changes.set(key, changes);
    return changes;
  }
}

const keyOf = (target: number, of: string) => `${target} ${of}`;

/** A message without changes. */
export function unchanged({ offset, id, user, time, text, replyTo }: MessageEntry): FoldedMessage {
  return { offset, id, user, time, text, rev: offset, deleted: 0, replyTo: replyTo ?? null, reactions: [] };
}
