import type { Chat } from '../../../client/chat.ts';
import type { RoomInfo } from '../../../client/room-info.ts';
import { EVERYBODY } from './mention-words.ts';

/** User, or everybody, whom a text may mention. */
export interface Candidate {
  /** Null for everybody. */
  readonly user: string | null;
  /** Name that the user has given, else the id. */
  readonly name: string;
}

/** Candidates that are offered at once. */
const MOST_OFFERED = 8;
/** Members who are found by their names too: those of one read. Others are found by their ids. */
const MOST_NAMED = 100;

/** Members of a room whose id, or a word of whose name, begins with some letters; everybody for who may mention all. */
export function mentionCandidates(
  { user: self, profiles }: Pick<Chat, 'user' | 'profiles'>,
  info: Pick<RoomInfo, 'members' | 'may'>,
  letters: string,
): readonly Candidate[] {
  const wanted = letters.toLowerCase();
  const begins = (text: string) => text.toLowerCase().startsWith(wanted);
  const found: Candidate[] = info.may('mentionAll') && begins(EVERYBODY) ? [{ user: null, name: EVERYBODY }] : [];
  const others = info.members.filter(({ user }) => user !== self);
  for (const [index, { user }] of others.entries()) {
    if (found.length === MOST_OFFERED) break;
    const isFound = begins(user);
    const name = isFound || index < MOST_NAMED ? profiles.of(user)?.name || user : user;
    if (isFound || [name, ...name.split(/\s+/)].some(begins)) found.push({ user, name });
  }
  return found;
}
