import type { Collection } from 'mongodb';
import type { Erased, Erasure, ErasureTime } from '../room/views.ts';
import { READ } from './mongo-connection.ts';
import { where } from './queries.ts';
import { padded } from './votes.ts';
import { writeAll } from './write-all.ts';

/** An entry that is to be erased in the streams: a document in the collection `erasures`. */
export interface ErasureDocument extends Erased, ErasureTime {
  /** Partition, {@link ErasureTime.at} and offset, in this order: see {@link keyOf}. */
  readonly _id: string;
}

/** Digits of the largest number of a partition. */
const PARTITION_DIGITS = 4;

/** Key of an erasure: those of a partition are sorted by the entry that asks for them. */
const keyOf = (partition: number, at: number, offset: number): string =>
  [String(partition).padStart(PARTITION_DIGITS, '0'), padded(at), padded(offset)].join(':');

/** Collection `erasures`, see {@link ErasureList}. Its methods reject with errors of the driver. */
export class Erasures {
  readonly #collection: () => Promise<Collection<ErasureDocument>>;

  constructor(collection: () => Promise<Collection<ErasureDocument>>) {
    this.#collection = collection;
  }

  async note(partition: number, { at, storedAt }: ErasureTime, entries: readonly Erased[]): Promise<void> {
    const writes = entries.map(entry => ({
      insertOne: { document: { _id: keyOf(partition, at, entry.offset), ...entry, at, storedAt } },
    }));
    await writeAll<ErasureDocument>(await this.#collection(), writes);
  }

  async first(partition: number, limit: number): Promise<Erasure[]> {
    const _id = { $gte: keyOf(partition, 0, 0), $lt: keyOf(partition + 1, 0, 0) };
    const found = await (await this.#collection())
      .find(where('erasures.first', { _id }), READ)
      .sort({ _id: 1 })
      .limit(limit)
      .toArray();
    return found.map(({ _id: key, ...erasure }) => ({ key, ...erasure }));
  }

  async drop(erasures: readonly Erasure[]): Promise<void> {
    const writes = erasures.map(({ key }) => ({
      deleteOne: { filter: where<'erasures.drop', ErasureDocument>('erasures.drop', { _id: key }) },
    }));
    await writeAll<ErasureDocument>(await this.#collection(), writes);
  }
}
