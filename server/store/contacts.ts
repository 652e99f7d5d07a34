import type { AnyBulkWriteOperation, Collection, Filter } from 'mongodb';
import {
  type Contact,
  mergedPair,
  NO_PAIR,
  type Pair,
  type PairUsers,
  pairJson,
  pairUsers,
  type Relation,
  readPair,
  relationOf,
  withContact,
} from '../fold/pair.ts';
import type { ArchivedPair } from '../membership/archive.ts';
import type { ContactPage, Listed } from '../membership/contacts.ts';
import { indexNew, missingIndexes } from './indexes.ts';
import { READ } from './mongo-connection.ts';
import { where } from './queries.ts';
import { writeAll } from './write-all.ts';

/** A user as seen by another one, the owner: a document in the collection `contacts`. Each pair of users has two. */
export interface ContactDocument {
  /** See {@link contactId}. */
  readonly _id: string;
  readonly owner: string;
  readonly other: string;
  /** Friendship, as the owner may know it. */
  readonly state: Relation['state'];
  /** True if the owner blocks the other. */
  readonly blocked: boolean;
  /** Acts of both in their JSON form. */
  readonly pair: unknown;
  /** Number of writes. */
  readonly v: number;
}

/** Separator of parts of keys: no id of a user has control characters. */
const SEPARATOR = '\0';
const contactId = (owner: string, other: string): string => owner + SEPARATOR + other;

/** Attempts to write documents that another worker writes too: the fold of the other user's inbox. */
const ROUNDS = 10;
/** Documents of one read. */
const CHUNK = 100;

interface Change {
  readonly users: PairUsers;
  readonly added: Pair;
}

/**
 * Collection `contacts`. A document has the acts of both users, and its other fields follow from them. Workers that fold the inboxes of
 * the two write the same documents: each write names the number of the one before, and acts of both are merged, in any order. Its
 * methods reject with errors of the driver.
 */
export class Contacts {
  readonly #collection: () => Promise<Collection<ContactDocument>>;
  /** Look at a new collection, pending or done. */
  #indexed: Promise<void> | null = null;

  constructor(collection: () => Promise<Collection<ContactDocument>>) {
    this.#collection = collection;
  }

  /** See {@link ContactWriter.applyContacts}. */
  async apply(contacts: readonly Contact[]): Promise<void> {
    await this.#prepare();
    const collection = await this.#collection();
    const changes = changesOf(contacts);
    for (let round = 1; ; round++) {
      const writes = await this.#writesOf(changes);
      if (writes.length === 0) return;
      if (round > ROUNDS) throw new Error('another worker changes the same contacts all the time');
      await writeAll(collection, writes);
    }
  }

  /** Acts of two users on each other; null for none. */
  async pair(user: string, other: string): Promise<Pair | null> {
    const collection = await this.#collection();
    const _id = contactId(user, other);
    const document = await collection.findOne(where('contacts.one', { _id }), READ);
    return document && readPair(document.pair);
  }

  /** See {@link PairPages.allPairs}. */
  async all(after: string, limit: number): Promise<readonly (readonly [string, ArchivedPair])[]> {
    const collection = await this.#collection();
    const found = await collection
      .find(where('contacts.all', { _id: { $gt: after } }), READ)
      .sort({ _id: 1 })
      .limit(limit)
      .toArray();
    return found.map(
      ({ _id, owner, other, pair }) => [_id, { owner, other, pair: readPair(pair) ?? NO_PAIR }] as const,
    );
  }

  /** See {@link ContactDirectory.listContacts}. */
  async list(owner: string, listed: Listed, { after, limit }: ContactPage): Promise<string[]> {
    const collection = await this.#collection();
    const found = await collection
      .find(whereListed(owner, listed, after), READ)
      .sort({ other: 1 })
      .limit(limit)
      .toArray();
    return found.map(({ other }) => other);
  }

  /** See {@link ContactDirectory.countContacts}. */
  async count(owner: string, listed: Listed, most: number): Promise<number> {
    const collection = await this.#collection();
    return await collection.countDocuments(whereListed(owner, listed, ''), { limit: most, ...READ });
  }

  /** Names of indexes that the collection should have and does not have. */
  async missingIndexes(): Promise<readonly string[]> {
    await this.#indexed;
    return (await missingIndexes(await this.#collection())) ?? [];
  }

  /** Builds the indexes of a new collection before its first document. */
  #prepare(): Promise<void> {
    this.#indexed ??= this.#collection()
      .then(indexNew)
      .catch(error => {
        this.#indexed = null;
        throw error;
      });
    return this.#indexed;
  }

  /** Writes of documents that lack some of the changes. */
  async #writesOf(changes: readonly Change[]): Promise<AnyBulkWriteOperation<ContactDocument>[]> {
    const ids = changes.flatMap(({ users: [smaller, greater] }) => [
      contactId(smaller, greater),
      contactId(greater, smaller),
    ]);
    const known = await this.#some(ids);
    return changes.flatMap(({ users: [smaller, greater], added }) => [
      ...writeOf(known, smaller, greater, added),
      ...writeOf(known, greater, smaller, added),
    ]);
  }

  async #some(ids: readonly string[]): Promise<ReadonlyMap<string, ContactDocument>> {
    const collection = await this.#collection();
    const found = new Map<string, ContactDocument>();
    for (let start = 0; start < ids.length; start += CHUNK) {
      const chunk = ids.slice(start, start + CHUNK);
      const documents = await collection.find(where('contacts.some', { _id: { $in: chunk } }), READ).toArray();
      for (const document of documents) found.set(document._id, document);
    }
    return found;
  }
}

/** Filter of a list of users, by its index. */
const whereListed = (owner: string, listed: Listed, after: string): Filter<ContactDocument> =>
  listed === 'blocked'
    ? where('contacts.blocked', { owner, blocked: true, other: { $gt: after } })
    : where('contacts.of-state', { owner, state: listed, other: { $gt: after } });

/** Acts of a batch by pair. Pure. */
function changesOf(contacts: readonly Contact[]): readonly Change[] {
  const changes = new Map<string, Change>();
  for (const contact of contacts) {
    const users = pairUsers(contact.user, contact.other);
    const key = contactId(...users);
    changes.set(key, { users, added: withContact(changes.get(key)?.added ?? NO_PAIR, contact) });
  }
  return [...changes.values()];
}

/** Write of a document, unless it has all acts. A new one begins at 1. */
function writeOf(
  known: ReadonlyMap<string, ContactDocument>,
  owner: string,
  other: string,
  added: Pair,
): AnyBulkWriteOperation<ContactDocument>[] {
  const _id = contactId(owner, other);
  const document = known.get(_id);
  const before = readPair(document?.pair) ?? NO_PAIR;
  const pair = mergedPair(before, added);
  if (pair === before) return [];
  const { state, blocks: blocked } = relationOf(pair, owner, other);
  const v = (document?.v ?? 0) + 1;
  const filter = where<'contacts.write', ContactDocument>('contacts.write', { _id, v: { $lt: v } });
  const update = { $set: { owner, other, state, blocked, pair: pairJson(pair), v } };
  return [{ updateOne: { filter, update, upsert: true } }];
}
