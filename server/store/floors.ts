import { type Collection, type Filter, MongoServerError, type WriteConcernSettings } from 'mongodb';
import { type StoredFloor, StoreRolledBack } from '../room/history-store.ts';
import { READ } from './mongo-connection.ts';

/** How far a partition is stored: one document each in the collection `floors`. */
export interface FloorDocument {
  readonly _id: number;
  readonly offset: number;
  /** Missing until a worker that knows of it has written it. */
  readonly complete?: number;
  /** Milliseconds since 1970 when a worker last took the loss of messages for known. */
  readonly settled?: number;
}

interface Known {
  readonly offset: number;
  readonly complete: number;
  readonly settled: number;
}

const NOTHING: Known = { offset: 0, complete: 0, settled: 0 };
const DUPLICATE_KEY = 11_000;

/**
 * The floors of a MongoDB that may lose what it had: by a restore, a forced failover, another connection string. Every
 * write expects at least what this process knows was there, so that a floor never rises above a hole that nobody saw.
 */
export class Floors {
  readonly #collection: () => Promise<Collection<FloorDocument>>;
  readonly #concern: WriteConcernSettings;
  /** The most MongoDB was seen to have, by partition. */
  readonly #known = new Map<number, Known>();

  constructor(collection: () => Promise<Collection<FloorDocument>>, concern: WriteConcernSettings) {
    this.#collection = collection;
    this.#concern = concern;
  }

  async read(partition: number): Promise<StoredFloor> {
    const known = this.#knownOf(partition); // before the question: another write may raise both meanwhile
    const document = await (await this.#collection()).findOne({ _id: partition }, READ);
    const fell = isBelow(document, known);
    if (!fell) this.#learn(partition, document);
    return { offset: document?.offset ?? 0, complete: document?.complete ?? null, fell };
  }

  /** @throws {StoreRolledBack} when MongoDB has less than it had: what is written now may be missing below it */
  async check(partition: number): Promise<void> {
    if ((await this.read(partition)).fell) throw new StoreRolledBack();
  }

  /** @throws {StoreRolledBack} when MongoDB has less than it had; nothing is raised then */
  async raise(partition: number, to: { readonly offset: number; readonly complete?: number }): Promise<void> {
    const floors = await this.#collection();
    for (;;) {
      const known = this.#knownOf(partition);
      if (await this.#raiseAbove(floors, partition, known, to)) break;
      const document = await floors.findOne({ _id: partition }, READ);
      if (isBelow(document, known)) throw new StoreRolledBack();
      this.#learn(partition, document); // another worker settled the loss, or the document is there by now
    }
    const { offset, complete, settled } = this.#knownOf(partition);
    const risen = { offset: Math.max(offset, to.offset), complete: Math.max(complete, to.complete ?? 0), settled };
    this.#known.set(partition, risen);
  }

  /** Takes what MongoDB has for all there is, and everything up to `upTo` for as complete as it will be. */
  async settle(partition: number, upTo: number, now: number): Promise<void> {
    const settled = Math.max(now, this.#knownOf(partition).settled + 1);
    const update = { $max: { offset: upTo, complete: upTo, settled } };
    const floors = await this.#collection();
    await this.#upsert(() =>
      floors.updateOne({ _id: partition }, update, { upsert: true, writeConcern: this.#concern }),
    );
    this.#known.delete(partition);
    await this.read(partition);
  }

  /** @returns false when MongoDB has less than what is known */
  async #raiseAbove(
    floors: Collection<FloorDocument>,
    partition: number,
    known: Known,
    to: { readonly offset: number; readonly complete?: number },
  ): Promise<boolean> {
    const filter: Filter<FloorDocument> = {
      _id: partition,
      ...(known.offset > 0 ? { offset: { $gte: known.offset } } : {}),
      ...(known.complete > 0 ? { complete: { $gte: known.complete } } : {}),
    };
    const upsert = known.offset === 0 && known.complete === 0;
    const raised = await this.#upsert(() =>
      floors.updateOne(filter, { $max: to }, { upsert, writeConcern: this.#concern }),
    );
    return raised.matchedCount + raised.upsertedCount > 0;
  }

  /** Two workers may both have tried to insert a document; then it is there. */
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
    // An answer may be older than what is known by now, unless the loss of what is known was settled since.
    const least = settled > known.settled ? NOTHING : known;
    const risen = { offset: Math.max(offset, least.offset), complete: Math.max(complete, least.complete), settled };
    this.#known.set(partition, risen);
  }
}

function isBelow(document: FloorDocument | null, known: Known): boolean {
  if ((document?.settled ?? 0) > known.settled) return false;
  return (document?.offset ?? 0) < known.offset || (document?.complete ?? 0) < known.complete;
}
