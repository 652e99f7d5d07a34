import { type Collection, MongoServerError } from 'mongodb';
import { type StoredFloor, StoreRolledBack } from '../room/history-store.ts';
import { DURABLE, READ } from './mongo-connection.ts';
import { where } from './queries.ts';
import { DUPLICATE_KEY } from './write-errors.ts';

/** Floor of one partition: a document in the collection `floors`. */
export interface FloorDocument {
  readonly _id: number;
  readonly offset: number;
  /** Missing in a document of an earlier release. */
  readonly complete?: number;
  /** Time at which a worker last settled a loss of messages, milliseconds since 1970. See {@link Floors.settle}. */
  readonly settled?: number;
}

interface Known {
  readonly offset: number;
  readonly complete: number;
  readonly settled: number;
}

const NOTHING: Known = { offset: 0, complete: 0, settled: 0 };

/**
 * Collection `floors`: how far each partition is stored. MongoDB may lose messages by a restore, a forced failover or a new
 * connection string, and its floors fall with them. Therefore each write requires at least the floor that this process has
 * seen, so that a floor never rises above messages whose loss was not noticed.
 */
export class Floors {
  readonly #collection: () => Promise<Collection<FloorDocument>>;
  /** Highest floor seen in MongoDB since the last settled loss, by partition. */
  readonly #known = new Map<number, Known>();

  constructor(collection: () => Promise<Collection<FloorDocument>>) {
    this.#collection = collection;
  }

  /** Reads the floor of a partition. See {@link StoredFloor.rolledBack} for a loss. */
  async read(partition: number): Promise<StoredFloor> {
    const known = this.#knownOf(partition); // before the read: another write may raise both meanwhile
    const document = await (await this.#collection()).findOne(where('floors.one', { _id: partition }), READ);
    const rolledBack = isBelow(document, known);
    if (!rolledBack) this.#learn(partition, document);
    return { offset: document?.offset ?? 0, complete: document?.complete ?? null, rolledBack };
  }

  /** @throws {StoreRolledBack} if MongoDB lost messages: they must be stored again before newer ones */
  async check(partition: number): Promise<void> {
    if ((await this.read(partition)).rolledBack) throw new StoreRolledBack();
  }

  /** Raises a floor; never lowers it. @throws {StoreRolledBack} if MongoDB lost messages; then the floor is not raised */
  async raise(partition: number, to: { readonly offset: number; readonly complete?: number }): Promise<void> {
    const floors = await this.#collection();
    for (;;) {
      const known = this.#knownOf(partition);
      if (await this.#raiseAbove(floors, partition, known, to)) break;
      const document = await floors.findOne(where('floors.one', { _id: partition }), READ);
      if (isBelow(document, known)) throw new StoreRolledBack();
      this.#learn(partition, document); // another worker settled the loss, or made the document meanwhile
    }
    const { offset, complete, settled } = this.#knownOf(partition);
    const risen = { offset: Math.max(offset, to.offset), complete: Math.max(complete, to.complete ?? 0), settled };
    this.#known.set(partition, risen);
  }

  /**
   * Accepts a loss: the floors that MongoDB has now are right, and everything up to `upTo` counts as complete.
   * @param now milliseconds since 1970
   */
  async settle(partition: number, upTo: number, now: number): Promise<void> {
    const settled = Math.max(now, this.#knownOf(partition).settled + 1);
    const update = { $max: { offset: upTo, complete: upTo, settled } };
    const floors = await this.#collection();
    const filter = where<'floors.raise', FloorDocument>('floors.raise', { _id: partition });
    await this.#upsert(() => floors.updateOne(filter, update, { upsert: true, writeConcern: DURABLE }));
    this.#known.delete(partition);
    await this.read(partition);
  }

  /** @returns false if MongoDB has less than what is known; then nothing is raised */
  async #raiseAbove(
    floors: Collection<FloorDocument>,
    partition: number,
    known: Known,
    to: { readonly offset: number; readonly complete?: number },
  ): Promise<boolean> {
    const filter = where<'floors.raise', FloorDocument>('floors.raise', {
      _id: partition,
      ...(known.offset > 0 ? { offset: { $gte: known.offset } } : {}),
      ...(known.complete > 0 ? { complete: { $gte: known.complete } } : {}),
    });
    const upsert = known.offset === 0 && known.complete === 0;
    const raised = await this.#upsert(() => floors.updateOne(filter, { $max: to }, { upsert, writeConcern: DURABLE }));
    return raised.matchedCount + raised.upsertedCount > 0;
  }

  /** Tries again once if another worker inserted the same document meanwhile. */
  async #upsert<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof MongoServerError && error.code === DUPLICATE_KEY)) throw error;
      return await work();
    }
  }

  #knownOf(partition: number): Known {
    return this.#known.get(partition) ?? NOTHING;
  }

  #learn(partition: number, document: FloorDocument | null): void {
    const { offset = 0, complete = 0, settled = 0 } = document ?? {};
    const known = this.#knownOf(partition);
    // This document may be older than what is known by now, unless a loss was settled since.
    const least = settled > known.settled ? NOTHING : known;
    const risen = { offset: Math.max(offset, least.offset), complete: Math.max(complete, least.complete), settled };
    this.#known.set(partition, risen);
  }
}

function isBelow(document: FloorDocument | null, known: Known): boolean {
  if ((document?.settled ?? 0) > known.settled) return false;
  return (document?.offset ?? 0) < known.offset || (document?.complete ?? 0) < known.complete;
}
