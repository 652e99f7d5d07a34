import type { EditEntry, ReactionEntry } from './entry.ts';
import { type Mentions, mentionsOf } from './mentions.ts';

/** A user who reacted, with the offset of that entry. */
export interface Reactor {
  readonly user: string;
  readonly at: number;
}

/** One emoji on a message, with the users who put it there, ascending by offset. */
export interface Reaction {
  readonly emoji: string;
  readonly users: readonly Reactor[];
  /** Number of further users, whom a page does not name; absent for none. */
  readonly more?: number;
}

/** Text of a message with its mentions, and the offset of the entry it comes from. */
export interface Text extends Mentions {
  readonly text: string;
  readonly rev: number;
}

interface Vote {
  readonly at: number;
  readonly on: boolean;
}

/**
 * Entries about one message, without the message. A join-semilattice: entries may be added in any order and any number of
 * times; the same set of entries always gives the same result. After a delete nothing but the delete is kept, so that a
 * deleted text stays in no memory.
 */
export class Changes {
  /** Ascending by offset. All are kept: whether a conditional edit counts depends on the edits before it, which may come later. */
  #edits: readonly EditEntry[] = [];
  /** Votes by emoji, then by user. */
  readonly #votes = new Map<string, Map<string, Vote>>();
  #deletedAt = 0;

  /** Offset of the first delete; 0 for none. */
  get deletedAt(): number {
    return this.#deletedAt;
  }

  edit(entry: EditEntry): void {
    if (this.#deletedAt > 0 || this.#edits.some(({ offset }) => offset === entry.offset)) return;
    this.#edits = [...this.#edits, entry].sort((a, b) => a.offset - b.offset);
  }

  react({ emoji, user, offset, on }: ReactionEntry): void {
    if (this.#deletedAt > 0) return;
    const votes = this.#votes.get(emoji) ?? new Map<string, Vote>();
    this.#votes.set(emoji, votes);
    if ((votes.get(user)?.at ?? 0) < offset) votes.set(user, { at: offset, on });
  }

  /** @param offset of the delete */
  delete(offset: number): void {
    this.#deletedAt = this.#deletedAt === 0 ? offset : Math.min(this.#deletedAt, offset);
    this.#edits = [];
    this.#votes.clear();
  }

  /** Text after the edits above `upto`. @param base text after all entries up to `upto` */
  text(base: Text, upto: number): Text {
    let { text, rev } = base;
    let mentions = mentionsOf(base);
    for (const edit of this.#edits)
      if (edit.offset > upto && (edit.rev === undefined || edit.rev === rev)) {
        text = edit.text;
        rev = edit.offset;
        mentions = mentionsOf(edit);
      }
    return { text, rev, ...mentions };
  }

  /**
   * Reactions after the entries above `upto`, in the order of their first users; an emoji without users is left out.
   * @param base reactions after all entries up to `upto`
   */
  reactions(base: readonly Reaction[], upto: number): readonly Reaction[] {
    const before = new Map(base.map(reaction => [reaction.emoji, reaction]));
    const found: Reaction[] = [];
    for (const emoji of new Set([...before.keys(), ...this.#votes.keys()])) {
      const later = [...(this.#votes.get(emoji) ?? [])].filter(([, { at }]) => at > upto);
      const changed = new Set(later.map(([user]) => user));
      const users = [
        ...(before.get(emoji)?.users ?? []).filter(({ user }) => !changed.has(user)),
        ...later.filter(([, { on }]) => on).map(([user, { at }]) => ({ user, at })),
      ].sort((a, b) => a.at - b.at);
      const more = before.get(emoji)?.more ?? 0;
      if (users.length + more > 0) found.push({ emoji, users, ...(more > 0 ? { more } : {}) });
    }
    return found.sort((a, b) => (a.users[0]?.at ?? 0) - (b.users[0]?.at ?? 0));
  }
}
