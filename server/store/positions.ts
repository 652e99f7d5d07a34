import { type Collection, MongoServerError } from 'mongodb';
import type { ViewPosition } from '../room/views.ts';
import { DURABLE, READ } from './mongo-connection.ts';
import { where } from './queries.ts';
import { DUPLICATE_KEY } from './write-errors.ts';

/** Position of a fold in one partition: a document in the collection `folds`. */
export interface PositionDocument extends Omit<ViewPosition, 'counted'> {
  readonly _id: string;
  /** Epoch of the lease under which it was saved. */
  readonly lease: number;
  /** See {@link ViewPosition.counted}, with the lease under which it was saved: a worker of an earlier release moves the position alone. */
  readonly counts?: { readonly upto: number; readonly lease: number };
}

/** Collection `folds`. MongoDB that is restored or wiped has an older position or none, and the entries after that are applied again. */
export class Positions {
  readonly #collection: () => Promise<Collection<PositionDocument>>;

  constructor(collection: () => Promise<Collection<PositionDocument>>) {
    this.#collection = collection;
  }

  async read(id: string): Promise<ViewPosition | null> {
    const document = await (await this.#collection()).findOne(where('folds.one', { _id: id }), READ);
    if (!document) return null;
    const { epoch, at, lease, counts } = document;
    return { epoch, at, counted: counts?.lease === lease ? counts.upto : 0 };
  }

  /** Reads the epoch of the lease under which a position was saved; 0 for none. */
  async lease(id: string): Promise<number> {
    return (await (await this.#collection()).findOne(where('folds.one', { _id: id }), READ))?.lease ?? 0;
  }

  /** Saves a position if the saved one is `from`, and no later holder of the lease saved it. @returns false if it is not */
  async save(id: string, from: ViewPosition | null, to: ViewPosition, lease: number): Promise<boolean> {
    const folds = await this.#collection();
    const fields = { epoch: to.epoch, at: to.at, lease, counts: { upto: to.counted ?? 0, lease } };
    if (from === null) return await inserted(() => folds.insertOne({ _id: id, ...fields }, { writeConcern: DURABLE }));
    const filter = where<'folds.save', PositionDocument>('folds.save', {
      _id: id,
      epoch: from.epoch,
      at: from.at,
      lease: { $lte: lease },
    });
    const { matchedCount } = await folds.updateOne(filter, { $set: fields }, { writeConcern: DURABLE });
    return matchedCount > 0;
  }
}

async function inserted(insert: () => Promise<unknown>): Promise<boolean> {
  try {
    await insert();
    return true;
  } catch (error) {
    if (error instanceof MongoServerError && error.code === DUPLICATE_KEY) return false;
    throw error;
  }
}
