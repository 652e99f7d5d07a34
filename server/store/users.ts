import type { AnyBulkWriteOperation, Collection } from 'mongodb';
import { readProfile, readStatus } from '../fold/profile.ts';
import { indexedWords } from '../fold/search-words.ts';
import { type GivenSettings, NO_SETTINGS, readGivenSettings } from '../fold/user-settings.ts';
import type {
  FoundUser,
  SettingsPages,
  StoredProfile,
  UserArchive,
  UserChange,
  UserPage,
  UserWriter,
} from '../membership/user-archive.ts';
import { indexNew, missingIndexes } from './indexes.ts';
import { type MongoConnection, READ } from './mongo-connection.ts';
import { where } from './queries.ts';
import { writeAll } from './write-all.ts';

/** Settings and profile of a user: a document in the collection `users`. */
export interface UserDocument {
  /** Id of the user. */
  readonly _id: string;
  /** Offset, in the log of the inbox, of the last entry that changed it. */
  readonly at: number;
  /** Settings that the user has changed, by name. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly profile?: object;
  readonly status?: object;
  /** Entries under which the name is found, see {@link indexedWords}. */
  readonly q?: readonly string[];
}

/** Users of one read: a longer list of values makes a filter that some servers are slow with. */
const CHUNK = 100;

/** Collection `users`: each method is one operation of the connection's circuit. */
export class Users implements UserWriter, UserArchive, SettingsPages {
  readonly #connection: MongoConnection;
  /** Look at a new collection, pending or done. */
  #indexed: Promise<void> | null = null;

  constructor(connection: MongoConnection) {
    this.#connection = connection;
  }

  async apply(changes: readonly UserChange[]): Promise<void> {
    if (changes.length === 0) return;
    await this.#connection.write(async () => {
      await this.#prepare();
      await writeAll(await this.#collection(), changes.map(userWrite));
    });
  }

  async settingsOf(users: readonly string[]): Promise<Map<string, GivenSettings>> {
    const found = await this.#some(users, { settings: 1 });
    return new Map(found.map(({ _id, settings }) => [_id, readGivenSettings(settings) ?? NO_SETTINGS]));
  }

  async profilesOf(users: readonly string[]): Promise<Map<string, StoredProfile>> {
    const found = await this.#some(users, { profile: 1, status: 1 });
    return new Map(
      found.map(({ _id, profile, status }) => [_id, { profile: readProfile(profile), status: readStatus(status) }]),
    );
  }

  allSettings(after: string, limit: number): Promise<readonly (readonly [string, GivenSettings])[]> {
    return this.#connection.read(async () => {
      const collection = await this.#collection();
      const options = { ...READ, projection: { settings: 1 } };
      const found = await collection
        .find(where('users.all', { _id: { $gt: after } }), options)
        .sort({ _id: 1 })
        .limit(limit)
        .toArray();
      return found.map(({ _id, settings }) => [_id, readGivenSettings(settings) ?? NO_SETTINGS] as const);
    });
  }

  search({ words, after, limit }: UserPage): Promise<FoundUser[]> {
    return this.#connection.read(async () => {
      const collection = await this.#collection();
      const filter = where<'users.search', UserDocument>('users.search', { q: { $all: words }, _id: { $gt: after } });
      const options = { ...READ, projection: { profile: 1 } };
      const found = await collection.find(filter, options).sort({ _id: 1 }).limit(limit).toArray();
      return found.map(({ _id, profile }) => ({ user: _id, profile: readProfile(profile) }));
    });
  }

  /** Names of indexes that the collection should have and does not have. @throws {StoreUnavailable} */
  missingIndexes(): Promise<readonly string[]> {
    return this.#connection.read(async () => {
      await this.#indexed;
      return (await missingIndexes(await this.#collection())) ?? [];
    });
  }

  /** Builds the indexes of a new collection before its first document. */
  #prepare(): Promise<void> {
    this.#indexed ??= this.#collection()
      .then(indexNew)
      .catch((error: unknown) => {
        this.#indexed = null;
        throw error;
      });
    return this.#indexed;
  }

  #some(users: readonly string[], projection: Readonly<Partial<Record<keyof UserDocument, 1>>>) {
    return this.#connection.read(async () => {
      const collection = await this.#collection();
      const chunks = Array.from({ length: Math.ceil(users.length / CHUNK) }, (_, i) =>
        users.slice(i * CHUNK, (i + 1) * CHUNK),
      );
      const read = (chunk: readonly string[]) =>
        collection.find(where('users.some', { _id: { $in: chunk } }), { ...READ, projection }).toArray();
      return (await Promise.all(chunks.map(read))).flat();
    });
  }

  #collection(): Promise<Collection<UserDocument>> {
    return this.#connection.collection<UserDocument>('users');
  }
}

/** Write of a change, unless a later change was written: all of its fields were written before then. */
function userWrite({ user, at, settings, profile, status }: UserChange): AnyBulkWriteOperation<UserDocument> {
  const filter = where<'users.write', UserDocument>('users.write', { _id: user, at: { $not: { $gte: at } } });
  const given = Object.entries(settings).map(([name, value]) => [`settings.${name}`, value] as const);
  const shown = { ...(profile ? { profile, q: indexedWords(profile.name) } : {}), ...(status ? { status } : {}) };
  return { updateOne: { filter, update: { $set: { at, ...shown, ...Object.fromEntries(given) } }, upsert: true } };
}
