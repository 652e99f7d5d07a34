import type { Cut, Done, Link, Membership, RoomState } from './room-state.ts';

const MOST = Number.MAX_SAFE_INTEGER;
const bytesOf = (value: object): number => JSON.stringify(value).length + 1;

/** Most bytes of an item in the JSON form of a state, without its texts of any length. */
const TIMES = { since: MOST, cv: MOST, mutedUntil: MOST, bannedUntil: MOST };
const MEMBER: number = bytesOf({ user: '', rank: 'moderator', state: 'requested', ...TIMES, note: '' });
const LINK: number = bytesOf({ hash: 'h'.repeat(43), by: '', uses: MOST, used: MOST, expires: MOST, created: MOST });
const CUT: number = bytesOf({ cv: MOST, offset: MOST, user: '', time: MOST });
const LEFT: number = ',"left":true'.length;
const DONE: number = bytesOf({ user: '', id: 'i'.repeat(36), cv: MOST, offset: MOST });

/** Most bytes of a user's name in JSON: 250 characters that are escaped. */
const MOST_NAME_BYTES = 500;
/** Users whose bytes links and texts take at most. */
const SPARE = 60;

/** Bytes that each list which forgets its oldest items may take: with the usual names it is never reached. */
export const LIST_BYTES = 65_536;

/** Lists that forget: cuts, acts that are done, recent changes, and notes. */
const LISTS = 4;

/** Bytes of what nothing forgets: members and others in {@link RoomState.members}, links, and texts about the room. */
export const LASTING_BYTES = 700_000;

/** Oldest members that a state without all members keeps: with MongoDB away, so many may be the last owner and leave. */
export const MOST_HEIRS = 20;

/** Most bytes of a state: its JSON form, as a value in POLICY or in a `snapshot` entry with the rest of that. */
export const MOST_STATE_BYTES: number =
  LASTING_BYTES + LISTS * LIST_BYTES + MOST_HEIRS * (MEMBER + MOST_NAME_BYTES) + 2_048;

/** Most bytes of UTF-8 that a well-formed text without its quotes takes in JSON. */
export function jsonBytes(text: string): number {
  let bytes = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x20) bytes += 6;
    else if (code < 0x80) bytes += code === 0x22 || code === 0x5c ? 2 : 1;
    else bytes += code < 0x800 ? 2 : 3;
  }
  return bytes;
}

export const memberBytes = (user: string): number => MEMBER + jsonBytes(user);
export const cutBytes = ({ user, left }: Cut): number => CUT + jsonBytes(user) + (left ? LEFT : 0);
export const doneBytes = ({ user }: Done): number => DONE + jsonBytes(user);
export const linkBytes = ({ by }: Link): number => LINK + jsonBytes(by);

/** The last items, at most `most` and at most {@link LIST_BYTES}. */
export function lastWithin<T>(items: readonly T[], most: number, bytes: (item: T) => number): readonly T[] {
  let taken = 0;
  let from = items.length;
  while (from > 0 && items.length - from < most) {
    taken += bytes(items[from - 1] as T);
    if (taken > LIST_BYTES) break;
    from -= 1;
  }
  return items.slice(from);
}

/**
 * True for a user of whom a state without all members remembers the latest change alone: a plain member, or one who left, without a
 * mute.
 * @param time milliseconds since 1970
 */
export const isPassing = ({ state, rank, mutedUntil }: Membership, time: number): boolean =>
  mutedUntil <= time && (state === 'left' || (state === 'member' && (rank === 'member' || rank === 'guest')));

/** True if a state is small whatever names its users have: {@link lastingBytes} need not be counted. */
export const isSmall = ({ members }: RoomState, mostBytes: number): boolean =>
  (members.size + SPARE) * (MEMBER + MOST_NAME_BYTES) < mostBytes;

/**
 * Most bytes of what nothing in a state forgets, however its ranks, mutes and times change. Only new users, links and longer texts
 * make it more.
 * @param time milliseconds since 1970
 */
export function lastingBytes({ members, links, full, name, topic, avatar }: RoomState, time: number): number {
  let bytes = jsonBytes(name) + jsonBytes(topic) + jsonBytes(avatar);
  for (const [user, known] of members) if (full || !isPassing(known, time)) bytes += memberBytes(user);
  for (const link of links.values()) bytes += linkBytes(link);
  return bytes;
}
