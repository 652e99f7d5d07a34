import { Binary, type Collection, MongoBulkWriteError, type WriteConcernSettings } from 'mongodb';
import type { HistoryStore, LoggedMessage, MessageWriter, RejectedMessage, SentKey } from '../room/history-store.ts';
import { systemClock } from '../time/clock.ts';
import { fromDocument, type MessageDocument, messageKey, toDocument } from './document.ts';
import { type FloorDocument, Floors } from './floors.ts';
import { ALL_INDEXES, buildIndexes, missingIndexes } from './indexes.ts';
import { MongoConnection, READ } from './mongo-connection.ts';
import { type BulkError, judge, type Verdict } from './write-errors.ts';

/** JetStream forgets a message once it is acknowledged here: a majority must have it, on disk. */
const DURABLE: WriteConcernSettings = { w: 'majority', journal: true };

const DUPLICATE_KEY = 11_000;

interface RejectedDocument extends MessageDocument {
  readonly reason: string;
  readonly code: number | 'unreadable';
  readonly headers?: Binary;
}

export interface MongoStore extends HistoryStore, MessageWriter {
  /** Asks also while MongoDB is known to be away. Rejects with {@link StoreUnavailable}, which holds the reason. */
  ping(): Promise<void>;
  /** Names of indexes that the collection `messages` should have and has not. */
  missingIndexes(): Promise<readonly string[]>;
  /** Builds indexes on a connection of its own, however long it takes. */
  buildIndexes(names: readonly string[]): Promise<void>;
  /** See {@link Circuit.watch}. */
  watch(changed: (away: string | null) => void): void;
  /** See {@link MongoConnection.use}. */
  use(uri: string, failed: (reason: string) => void): Promise<boolean>;
  close(): Promise<void>;
}

/**
 * History in MongoDB, without transactions, sessions, change streams or pipeline updates. Connects when it is first
 * asked and again whenever it has to; a connection string that cannot be read is a {@link StoreUnavailable} too, so that
 * a process can start and say so.
 * @param uri secret: never part of an error
 */
export function mongoStore(uri: string, database: string): MongoStore {
  return new Store(new MongoConnection(uri, database));
}

class Store implements MongoStore {
  readonly #connection: MongoConnection;
  readonly #floors: Floors;
  /** The look at a new collection, under way or done. */
  #looked: Promise<void> | null = null;

  constructor(connection: MongoConnection) {
    this.#connection = connection;
    this.#floors = new Floors(() => connection.collection<FloorDocument>('floors'), DURABLE);
  }

  read(room: string, range: Parameters<HistoryStore['read']>[1]) {
    const { after, before, limit, reverse } = range;
    return this.#connection.look(async () => {
      const found = await (await this.#messages())
        .find({ room, offset: between(after, before) }, READ)
        .sort({ offset: reverse ? -1 : 1 })
        .limit(limit + 1)
        .toArray();
      // Two incarnations of a stream may have used one offset: a page that ended between them would lose the second.
      const last = found[limit - 1];
      const end = last && found[limit]?.offset === last.offset ? limit + 1 : limit;
      return found.slice(0, end).map(fromDocument);
    });
  }

  count(room: string, range: Parameters<HistoryStore['count']>[1], most: number) {
    return this.#connection.look(async () => {
      const query = { room, offset: between(range.after, range.before) };
      return await (await this.#messages()).countDocuments(query, { limit: most, ...READ });
    });
  }

  findSent({ id, dedupe }: SentKey) {
    return this.#connection.look(async () => {
      const [found] = await (await this.#messages()).find({ id, dedupe }, READ).sort({ offset: 1 }).limit(1).toArray();
      return found ? { offset: found.offset, epoch: found.epoch } : null;
    });
  }

  write(partition: number, batch: readonly LoggedMessage[], reached = 0) {
    return this.#connection.ask(async () => {
      await this.#index();
      await this.#floors.check(partition);
      const rejected = batch.length === 0 ? [] : await this.#insert(partition, batch);
      // Afterwards, so that a MongoDB that goes back to any moment never says more than it has.
      const offset = batch.reduce((top, message) => Math.max(top, message.offset), reached);
      await this.#floors.raise(partition, { offset });
      return { rejected };
    });
  }

  setAside(partition: number, rejected: RejectedMessage) {
    return this.#connection.ask(async () => {
      const { message, reason, code, headers } = rejected;
      const raw = code === 'unreadable' ? { body: new Binary(message.body), headers: new Binary(headers) } : {};
      const document: RejectedDocument = { ...toDocument(partition, message), reason, code, ...raw };
      const collection = await this.#connection.collection<RejectedDocument>('rejected');
      await collection.replaceOne({ _id: document._id }, document, { upsert: true, writeConcern: DURABLE });
      await this.#floors.raise(partition, { offset: message.offset });
    });
  }

  floor(partition: number) {
    return this.#connection.look(async () => {
      await this.#index(); // a worker asks this first: better now than while messages wait
      return await this.#floors.read(partition);
    });
  }

  complete(partition: number, offset: number) {
    return this.#connection.ask(() => this.#floors.raise(partition, { offset, complete: offset }));
  }

  settle(partition: number, upTo: number) {
    return this.#connection.ask(() => this.#floors.settle(partition, upTo, systemClock.wallClock()));
  }

  missingIndexes() {
    return this.#connection.look(async () => {
      await this.#looked; // a new collection is getting its indexes
      return (await missingIndexes(await this.#messages())) ?? [];
    });
  }

  buildIndexes(names: readonly string[]) {
    return this.#connection.apart(async database =>
      buildIndexes(database.collection<MessageDocument>('messages'), names),
    );
  }

  ping() {
    return this.#connection.circuit.ping();
  }

  quiet() {
    return this.#connection.circuit.quiet();
  }

  watch(changed: (away: string | null) => void) {
    this.#connection.circuit.watch(changed);
  }

  use(uri: string, failed: (reason: string) => void) {
    return this.#connection.use(uri, failed);
  }

  close() {
    return this.#connection.close();
  }

  async #insert(partition: number, batch: readonly LoggedMessage[]): Promise<RejectedMessage[]> {
    try {
      await (await this.#messages()).insertMany(
        batch.map(message => toDocument(partition, message)),
        { ordered: false, writeConcern: DURABLE },
      );
      return [];
    } catch (error) {
      const verdict = error instanceof MongoBulkWriteError ? judge(facts(error)) : null;
      if (!verdict) throw error;
      return await this.#rejected(partition, batch, verdict);
    }
  }

  /** A taken key is success only if it is the message's own: somebody may have added another unique index. */
  async #rejected(partition: number, batch: readonly LoggedMessage[], verdict: Verdict): Promise<RejectedMessage[]> {
    const key = (index: number): string => {
      const message = batch[index];
      return message ? messageKey(partition, message) : '';
    };
    const keys = verdict.duplicates.map(key);
    const held = new Set(
      keys.length === 0
        ? []
        : (
            await (await this.#messages()).find({ _id: { $in: keys } }, { ...READ, projection: { _id: 1 } }).toArray()
          ).map(found => found._id),
    );
    const foreign = verdict.duplicates
      .filter(index => !held.has(key(index)))
      .map(index => ({ index, code: DUPLICATE_KEY, reason: 'another unique index refused it' }));
    return [...verdict.refused, ...foreign].flatMap(({ index, code, reason }) => {
      const message = batch[index];
      return message ? [{ message, code, reason }] : [];
    });
  }

  /** A new collection gets its indexes before its first message; those of a large one are built beside the work. */
  #index(): Promise<void> {
    this.#looked ??= this.#indexNew().catch(error => {
      this.#looked = null;
      throw error;
    });
    return this.#looked;
  }

  async #indexNew(): Promise<void> {
    const messages = await this.#messages();
    if ((await missingIndexes(messages)) === null) await buildIndexes(messages, ALL_INDEXES);
  }

  #messages(): Promise<Collection<MessageDocument>> {
    return this.#connection.collection<MessageDocument>('messages');
  }
}

const between = (after: number, before: number) =>
  before === Number.POSITIVE_INFINITY ? { $gt: after } : { $gt: after, $lt: before };

function facts(error: MongoBulkWriteError): BulkError {
  const errors = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors];
  return {
    writeErrors: errors.map(({ index, code, errmsg }) => ({ index, code, errmsg: errmsg ?? '' })),
    notDurable: error.result.getWriteConcernError() !== undefined,
  };
}
