import type { ContactDirectory, ContactPage, Listed } from '../../../server/membership/contacts.ts';
import { StoreUnavailable } from '../../../server/room/history-store.ts';

/** Lists of friends and blocked users in memory, as a test puts them. */
export class MemoryContacts implements ContactDirectory {
  up = true;
  readonly #lists = new Map<string, readonly string[]>();

  put(user: string, listed: Listed, others: readonly string[]): void {
    this.#lists.set(`${listed} ${user}`, others.toSorted());
  }

  async listContacts(user: string, listed: Listed, { after, limit }: ContactPage): Promise<readonly string[]> {
    return this.#listOf(user, listed)
      .filter(other => other > after)
      .slice(0, limit);
  }

  async countContacts(user: string, listed: Listed, most: number): Promise<number> {
    return Math.min(most, this.#listOf(user, listed).length);
  }

  #listOf(user: string, listed: Listed): readonly string[] {
    if (!this.up) throw new StoreUnavailable('switched off');
    return this.#lists.get(`${listed} ${user}`) ?? [];
  }
}
