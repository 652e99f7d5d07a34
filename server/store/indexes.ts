import { type Collection, type Db, type Document, MongoServerError } from 'mongodb';

/**
 * Indexes of the collections. A message is looked up by the client's id, which starts with a time, so that the index grows at its
 * end; the deduplication key then distinguishes users and rooms. None is partial, also where few documents are read over it: not every
 * server of the protocol builds one. Nor is one of several fields sparse, which leaves out only documents without all of them.
 */
export const INDEXES = [
  { name: 'room_offset', collection: 'messages', key: { room: 1, offset: 1 }, sparse: false },
  {
    name: 'room_c_offset_user',
    collection: 'messages',
    key: { room: 1, c: 1, offset: 1, user: 1 },
    sparse: false,
  },
  { name: 'partition_type_offset', collection: 'messages', key: { partition: 1, type: 1, offset: 1 }, sparse: false },
  { name: 'id', collection: 'messages', key: { id: 1 }, sparse: true },
  { name: 'm', collection: 'messages', key: { m: 1 }, sparse: true },
  { name: 'kind_deleted_key', collection: 'rooms', key: { kind: 1, deleted: 1, key: 1 }, sparse: false },
  { name: 'room_state_key', collection: 'members', key: { room: 1, state: 1, key: 1 }, sparse: false },
  { name: 'user_state', collection: 'members', key: { user: 1, state: 1 }, sparse: false },
  { name: 'owner_state_other', collection: 'contacts', key: { owner: 1, state: 1, other: 1 }, sparse: false },
  { name: 'owner_blocked_other', collection: 'contacts', key: { owner: 1, blocked: 1, other: 1 }, sparse: false },
  { name: 'q_id', collection: 'users', key: { q: 1, _id: 1 }, sparse: false },
] as const;

const NAMESPACE_NOT_FOUND = 26;

/** Names of all indexes of a collection. */
export const indexesOf = (collection: string): readonly string[] =>
  INDEXES.filter(index => index.collection === collection).map(({ name }) => name);

/** Names of the missing indexes of a collection; null if the collection does not exist yet. */
export async function missingIndexes<T extends Document>(collection: Collection<T>): Promise<string[] | null> {
  try {
    const present = new Set((await collection.indexes()).map(each => each.name));
    if (present.size === 0) return null; // some servers answer so: every collection has the index of its keys
    return indexesOf(collection.collectionName).filter(name => !present.has(name));
  } catch (error) {
    if (error instanceof MongoServerError && error.code === NAMESPACE_NOT_FOUND) return null;
    throw error;
  }
}

/** Builds the named indexes one after the other. On a large collection each may take hours. */
export async function buildIndexes(database: Pick<Db, 'collection'>, names: readonly string[]): Promise<void> {
  for (const { name, collection, key, sparse } of INDEXES)
    if (names.includes(name)) await database.collection(collection).createIndex(key, { name, sparse });
}

/** Builds all indexes of a collection that does not exist yet. */
export async function indexNew<T extends Document>(collection: Collection<T>): Promise<void> {
  if ((await missingIndexes(collection)) !== null) return;
  const own = INDEXES.filter(index => index.collection === collection.collectionName);
  for (const { name, key, sparse } of own) await collection.createIndex(key, { name, sparse });
}
