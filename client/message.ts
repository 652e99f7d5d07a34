import type { Reaction } from '../server/fold/changes.ts';
import { type Entry, readEntry } from '../server/fold/entry.ts';
import type { FoldedMessage } from '../server/fold/room-fold.ts';
import type { Publication } from './transport.ts';

/** A message at its place in a room, with all edits, deletes and reactions that are known. */
export type Message = FoldedMessage;

/** Number of users who reacted with one emoji: {@link Reaction.users} may name only some of them. */
export const countOf = ({ users, more = 0 }: Reaction): number => users.length + more;

/**
 * Entry in a publication; null if the publication changes no message. The type is the server's. The one in `data` counts only
 * for a gateway of an older version, which sends none; such gateways run for a while in a rollout and know messages alone.
 */
export function entryOf({ offset, type, data, sender }: Publication): Entry | null {
  const { type: claimed } = (data ?? {}) as { readonly type?: unknown };
  const known = type ?? (claimed === 'message' ? claimed : null);
  return known === null ? null : readEntry({ type: known, offset, user: sender?.user ?? '' }, data);
}
