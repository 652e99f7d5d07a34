import type { Mentions } from '../fold/mentions.ts';
import { padded } from './votes.ts';

/** Name under which a mention of everybody is found. No user has it. */
export const EVERYBODY = '*';

/** Key of a mention: those of a user in a room are sorted by offset. */
const keyOf = (user: string, room: string, offset: number): string =>
  [JSON.stringify(user), room, padded(offset)].join('\0');

/** Keys under which a message is found by whom it mentions; none of a message that mentions nobody. Pure. */
export const mentionKeys = (room: string, offset: number, { mentions = [], all }: Mentions): readonly string[] =>
  [...mentions, ...(all ? [EVERYBODY] : [])].map(user => keyOf(user, room, offset));

/** Condition on the keys of messages of a room that mention a user, with `after < offset < before`. */
export const mentionsWithin = (user: string, room: string, after: number, before: number) => ({
  $elemMatch: { $gt: keyOf(user, room, after), $lt: keyOf(user, room, Math.min(before, Number.MAX_SAFE_INTEGER)) },
});
