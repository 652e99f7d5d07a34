import { type Collection, MongoServerError } from 'mongodb';
import type { MessageDocument } from './document.ts';

/**
 * Indexes of the collection `messages`. A message is looked up by the client's id, which starts with a time, so that the index
 * grows at its end; the deduplication key then distinguishes users and rooms.
 */
export const INDEXES = [
  { name: 'room_offset', key: { room: 1, offset: 1 }, sparse: false },
  { name: 'id', key: { id: 1 }, sparse: true },
] as const;

const NAMESPACE_NOT_FOUND = 26;

/** Names of the missing indexes; null if the collection does not exist yet. */
export async function missingIndexes(messages: Collection<MessageDocument>): Promise<string[] | null> {
  try {
    const present = new Set((await messages.indexes()).map(each => each.name));
    return INDEXES.filter(({ name }) => !present.has(name)).map(({ name }) => name);
  } catch (error) {
    if (error instanceof MongoServerError && error.code === NAMESPACE_NOT_FOUND) return null;
    throw error;
  }
}

/** Builds the named indexes one after the other. On a large collection each may take hours. */
export async function buildIndexes(messages: Collection<MessageDocument>, names: readonly string[]): Promise<void> {
  for (const { name, key, sparse } of INDEXES)
    if (names.includes(name)) await messages.createIndex(key, { name, sparse });
}

/** Names of all indexes. */
export const ALL_INDEXES: readonly string[] = INDEXES.map(({ name }) => name);
