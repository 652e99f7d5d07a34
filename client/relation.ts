import type { Moment } from '../server/time/clock.ts';
import type { ResultOf } from './verbs.ts';

/** Friendship of the user with another one: `out` if the user asked, `in` if the other did. A request that was declined stays `out`. */
export type Friendship = ResultOf<'friend.request'>['state'];

/** The user and another one, as this user may know it. */
export interface Relation {
  readonly state: Friendship;
  readonly blocked: boolean;
  readonly note: string;
  /** Time of the act that the relation is known from; null for one of the lists. */
  readonly at: Moment | null;
}

/** Relation of two who have not acted on each other. */
export const STRANGER: Relation = { state: 'none', blocked: false, note: '', at: null };

/** Relation after an act of the user, perhaps on another device; null for an act that is not known. */
export function afterOwn(known: Relation, act: unknown): Relation | null {
  switch (act) {
    case 'request':
      return { ...known, state: known.state === 'in' || known.state === 'friend' ? 'friend' : 'out' };
    case 'accept':
      return { ...known, state: 'friend' };
    case 'decline':
    case 'remove':
      return { ...known, state: 'none' };
    case 'block':
    case 'unblock':
      return { ...known, state: 'none', blocked: act === 'block' };
    default:
      return null;
  }
}

/** Relation after an act of the other user; null for an act that is not known. */
export function afterTheirs(known: Relation, act: unknown, note: unknown): Relation | null {
  switch (act) {
    case 'request':
      return { ...known, state: 'in', note: typeof note === 'string' ? note : '' };
    case 'accept':
      return { ...known, state: 'friend' };
    case 'remove':
      return { ...known, state: 'none' };
    default:
      return null;
  }
}
