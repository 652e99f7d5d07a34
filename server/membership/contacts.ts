import type { Relation } from '../fold/pair.ts';

/** A list of users: those to whom a user has a relation, or those whom the user blocks. */
export type Listed = Exclude<Relation['state'], 'none'> | 'blocked';

/** Part of a list of users, by their ids. */
export interface ContactPage {
  /** The list begins after this user; empty for its beginning. */
  readonly after: string;
  /** At least 1. */
  readonly limit: number;
}

/**
 * Lists of friends and blocked users, from MongoDB. They lag behind the log by what its worker lags. Each call rejects with
 * {@link StoreUnavailable}, and with nothing else, if MongoDB does not answer.
 */
export interface ContactDirectory {
  /** Users in a list of a user, in the order of their ids by UTF-8. */
  listContacts(user: string, listed: Listed, page: ContactPage): Promise<readonly string[]>;
  /** Length of a list of a user, at most `most`. */
  countContacts(user: string, listed: Listed, most: number): Promise<number>;
}
