import type { Contact } from '../fold/pair.ts';
import type { PairArchive, PairPages } from '../membership/archive.ts';
import type { ContactDirectory, ContactPage, Listed } from '../membership/contacts.ts';
import type { ContactWriter } from '../room/room-changes.ts';
import { type ContactDocument, Contacts } from './contacts.ts';
import type { MongoConnection } from './mongo-connection.ts';

/** Relations between users in MongoDB. All methods may be called at the same time. */
export class ContactStore implements ContactWriter, ContactDirectory, PairArchive, PairPages {
  readonly #connection: MongoConnection;
  readonly #contacts: Contacts;

  constructor(connection: MongoConnection) {
    this.#connection = connection;
    this.#contacts = new Contacts(() => connection.collection<ContactDocument>('contacts'));
  }

  applyContacts(contacts: readonly Contact[]) {
    return this.#connection.write(() => this.#contacts.apply(contacts));
  }

  pair(user: string, other: string) {
    return this.#connection.read(() => this.#contacts.pair(user, other));
  }

  allPairs(after: string, limit: number) {
    return this.#connection.read(() => this.#contacts.all(after, limit));
  }

  listContacts(user: string, listed: Listed, page: ContactPage) {
    return this.#connection.read(() => this.#contacts.list(user, listed, page));
  }

  countContacts(user: string, listed: Listed, most: number) {
    return this.#connection.read(() => this.#contacts.count(user, listed, most));
  }

  /** Names of indexes that the collection should have and does not have. @throws {StoreUnavailable} */
  missingIndexes() {
    return this.#connection.read(() => this.#contacts.missingIndexes());
  }
}
