import type { Contact, Pair, Relation } from '../fold/pair.ts';

/** Most others of one question. */
export const MOST_OTHERS = 200;

/** Relations between users: friends and blocks. */
export interface Pairs {
  /**
   * Relations of a user to others, at most 10 s old, by the ids of the others.
   * @param others at most {@link MOST_OTHERS}
   * @returns a promise only if some have to be loaded. It rejects as {@link fresh} does.
   */
  of(user: string, others: readonly string[]): ReadonlyMap<string, Relation> | Promise<ReadonlyMap<string, Relation>>;
  /**
   * Acts of two users on each other, with every one that was answered before the call, by the word of the leader: for acts, and for
   * refusals.
   * @throws {ReadFailed} if NATS does not answer, {@link StoreUnavailable} if MongoDB is needed and does not
   */
  fresh(user: string, other: string): Promise<Pair>;
  /**
   * Makes an act that was just stored known to all gateways: writes the pair. Never rejects: what is not written here is written by the
   * worker.
   * @param pair acts that were decided on
   * @returns acts with this one, as far as they are known
   */
  acted(contact: Contact, pair: Pair): Promise<Pair>;
}
