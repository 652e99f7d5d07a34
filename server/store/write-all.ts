import { type AnyBulkWriteOperation, type Collection, MongoBulkWriteError } from 'mongodb';
import { DURABLE } from './mongo-connection.ts';
import { DUPLICATE_KEY } from './write-errors.ts';

/** Writes in any order: a batch has at most one write of each field. A duplicate key is a write that was made before. */
export async function writeAll<T extends object>(
  collection: Collection<T>,
  writes: AnyBulkWriteOperation<T>[],
): Promise<void> {
  if (writes.length === 0) return;
  try {
    await collection.bulkWrite(writes, { ordered: false, writeConcern: DURABLE });
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError() !== undefined) throw error;
    const errors = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors];
    if (errors.some(({ code }) => code !== DUPLICATE_KEY)) throw error;
  }
}
