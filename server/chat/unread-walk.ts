import type { CountableMessage } from '../room/counts.ts';

/** Messages up to which a count is exact. */
export const MOST_COUNTED = 100;
/** Messages that are looked at for one count: with many of the caller's own, or of blocked users, it ends there. */
export const MOST_LOOKED_AT = 2_000;

/** Unread messages of a room. */
export interface Count {
  /** At most {@link MOST_COUNTED}. */
  readonly n: number;
  /** True if there are more. */
  readonly more: boolean;
  /** True if messages below were not looked at, so that there may be more. */
  readonly partial: boolean;
}

/** No unread messages. */
export const NONE: Count = { n: 0, more: false, partial: false };

export interface WalkParts {
  /** User who reads. Own messages do not count. */
  readonly user: string;
  /** Offsets of messages that do not count: deleted ones and those that the user has hidden. */
  readonly without: ReadonlySet<number>;
  /** Tells which of some users the user blocks. */
  readonly blockedOf: (users: readonly string[]) => Promise<ReadonlySet<string>>;
}

/**
 * Counts messages until it is known whether there are more than {@link MOST_COUNTED}.
 * @param pages messages, descending by offset; no page is read that is not needed
 */
export async function countUnread(
  pages: AsyncIterable<readonly CountableMessage[]>,
  { user, without, blockedOf }: WalkParts,
): Promise<Count> {
  let n = 0;
  let lookedAt = 0;
  for await (const page of pages) {
    lookedAt += page.length;
    const others = page.filter(message => message.user !== user && !without.has(message.offset));
    const blocked = others.length === 0 ? new Set() : await blockedOf([...new Set(others.map(each => each.user))]);
    n += others.filter(each => !blocked.has(each.user)).length;
    if (n > MOST_COUNTED) return { n: MOST_COUNTED, more: true, partial: false };
    if (lookedAt >= MOST_LOOKED_AT) return { n, more: false, partial: true };
  }
  return { n, more: false, partial: false };
}
