import type { AnyBulkWriteOperation, Collection } from 'mongodb';
import { type GivenSettings, NO_SETTINGS, readGivenSettings } from '../fold/user-settings.ts';
import type { UserChange } from '../membership/user-archive.ts';
import { READ } from './mongo-connection.ts';
import { where } from './queries.ts';
import { writeAll } from './write-all.ts';

/** Settings of a user: a document in the collection `users`. */
export interface UserDocument {
  /** Id of the user. */
  readonly _id: string;
  /** Offset, in the log of the inbox, of the last entry that changed it. */
  readonly at: number;
  /** Settings that the user has changed, by name. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** Users of one read: a longer list of values makes a filter that some servers are slow with. */
const CHUNK = 100;

/** Collection `users`. Its methods reject with errors of the driver. */
export class UserDocuments {
  readonly #collection: () => Promise<Collection<UserDocument>>;

  constructor(collection: () => Promise<Collection<UserDocument>>) {
    this.#collection = collection;
  }

  /** See {@link UserWriter.applyUsers}. */
  async apply(changes: readonly UserChange[]): Promise<void> {
    if (changes.length > 0) await writeAll(await this.#collection(), changes.map(userWrite));
  }

  /** See {@link UserArchive.settingsOf}. */
  async settingsOf(users: readonly string[]): Promise<Map<string, GivenSettings>> {
    const found = await this.#some(users, { settings: 1 });
    return new Map(found.map(({ _id, settings }) => [_id, readGivenSettings(settings) ?? NO_SETTINGS]));
  }

  async #some(users: readonly string[], projection: Readonly<Partial<Record<keyof UserDocument, 1>>>) {
    const collection = await this.#collection();
    const chunks = Array.from({ length: Math.ceil(users.length / CHUNK) }, (_, i) =>
      users.slice(i * CHUNK, (i + 1) * CHUNK),
    );
    const read = (chunk: readonly string[]) =>
      collection.find(where('users.some', { _id: { $in: chunk } }), { ...READ, projection }).toArray();
    return (await Promise.all(chunks.map(read))).flat();
  }
}

/** Write of a change, unless a later change was written: all of its fields were written before then. */
function userWrite({ user, at, settings }: UserChange): AnyBulkWriteOperation<UserDocument> {
  const filter = where<'users.write', UserDocument>('users.write', { _id: user, at: { $not: { $gte: at } } });
  const given = Object.entries(settings).map(([name, value]) => [`settings.${name}`, value] as const);
  return { updateOne: { filter, update: { $set: { at, ...Object.fromEntries(given) } }, upsert: true } };
}
