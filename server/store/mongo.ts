import {
  type Collection,
  MongoBulkWriteError,
  MongoClient,
  type MongoClientOptions,
  MongoServerError,
  type WriteConcernSettings,
} from 'mongodb';
import { fromDocument, type MessageDocument, messageKey, toDocument } from './document.ts';
import {
  type HistoryStore,
  type LoggedMessage,
  type MessageWriter,
  type RejectedMessage,
  StoreUnavailable,
} from './store.ts';
import { type BulkError, judge, type Verdict } from './write-errors.ts';

/** Bounds on how long an operation takes to say that MongoDB is away: 2 s when nobody answers, 5 s when it is silent. */
const CLIENT: MongoClientOptions = {
  serverSelectionTimeoutMS: 2_000,
  connectTimeoutMS: 2_000,
  socketTimeoutMS: 5_000,
  waitQueueTimeoutMS: 2_000,
  heartbeatFrequencyMS: 5_000,
  maxPoolSize: 20,
  appName: 'chatcluster',
};

/** JetStream forgets a message once it is acknowledged here: a majority must have it, on disk. */
const DURABLE: WriteConcernSettings = { w: 'majority', journal: true };

const INDEXES = [
  { name: 'room_offset', key: { room: 1, offset: 1 }, sparse: false },
  { name: 'dedupe', key: { dedupe: 1 }, sparse: true },
] as const;

const DUPLICATE_KEY = 11_000;
const NAMESPACE_NOT_FOUND = 26;

interface FloorDocument {
  readonly _id: number;
  readonly offset: number;
}
interface RejectedDocument extends MessageDocument {
  readonly reason: string;
  readonly code: number;
}

export interface MongoStore extends HistoryStore, MessageWriter {
  /** Rejects with {@link StoreUnavailable}, which holds the reason. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/**
 * History in MongoDB, without transactions, sessions, change streams or pipeline updates. Connects when it is first
 * asked and again whenever it has to; a connection string that cannot be read is a {@link StoreUnavailable} too, so that
 * a process can start and say so.
 * @param uri secret: never part of an error
 */
export function mongoStore(uri: string, database: string): MongoStore {
  return new Store(uri, database);
}

class Store implements MongoStore {
  readonly #uri: string;
  readonly #database: string;
  #client: Promise<MongoClient> | null = null;
  #indexed = false;
  #closed = false;

  constructor(uri: string, database: string) {
    this.#uri = uri;
    this.#database = database;
  }

  read(room: string, range: Parameters<HistoryStore['read']>[1]) {
    const { after, before, limit, reverse } = range;
    return this.#ask(async () => {
      const found = await (await this.#messages())
        .find({ room, offset: between(after, before) })
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
    return this.#ask(async () => {
      const query = { room, offset: between(range.after, range.before) };
      return await (await this.#messages()).countDocuments(query, { limit: most });
    });
  }

  findByDedupe(dedupe: string) {
    return this.#ask(async () => {
      const [found] = await (await this.#messages()).find({ dedupe }).sort({ offset: 1 }).limit(1).toArray();
      return found ? { offset: found.offset, epoch: found.epoch } : null;
    });
  }

  write(partition: number, batch: readonly LoggedMessage[]) {
    return this.#ask(async () => {
      await this.#index();
      const highest = batch.reduce((top, message) => Math.max(top, message.offset), 0);
      const [rejected] = await Promise.all([this.#insert(partition, batch), this.#raise(partition, highest)]);
      return { rejected };
    });
  }

  setAside(partition: number, rejected: RejectedMessage) {
    return this.#ask(async () => {
      const document: RejectedDocument = {
        ...toDocument(partition, rejected.message),
        reason: rejected.reason,
        code: rejected.code,
      };
      const collection = await this.#collection<RejectedDocument>('rejected');
      await collection.replaceOne({ _id: document._id }, document, { upsert: true, writeConcern: DURABLE });
    });
  }

  floor(partition: number) {
    return this.#ask(async () => {
      await this.#index(); // a worker asks this first: better now than while messages wait
      const found = await (await this.#collection<FloorDocument>('floors')).findOne({ _id: partition });
      return found?.offset ?? 0;
    });
  }

  ping() {
    return this.#ask(async () => {
      await (await this.#connected()).db(this.#database).command({ ping: 1 });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const client = await this.#client?.catch(() => null);
    await client?.close();
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
        : (await (await this.#messages()).find({ _id: { $in: keys } }, { projection: { _id: 1 } }).toArray()).map(
            found => found._id,
          ),
    );
    const foreign = verdict.duplicates
      .filter(index => !held.has(key(index)))
      .map(index => ({ index, code: DUPLICATE_KEY, reason: 'another unique index refused it' }));
    return [...verdict.refused, ...foreign].flatMap(({ index, code, reason }) => {
      const message = batch[index];
      return message ? [{ message, code, reason }] : [];
    });
  }

  async #raise(partition: number, offset: number): Promise<void> {
    const floors = await this.#collection<FloorDocument>('floors');
    const raise = () =>
      floors.updateOne({ _id: partition }, { $max: { offset } }, { upsert: true, writeConcern: DURABLE });
    try {
      await raise();
    } catch (error) {
      // Two workers may both have tried to insert it; now it is there.
      if (!(error instanceof MongoServerError && error.code === DUPLICATE_KEY)) throw error;
      await raise();
    }
  }

  async #index(): Promise<void> {
    if (this.#indexed) return;
    const messages = await this.#messages();
    // Asked first, because the stand-in adds an index anew each time and fails reads that run meanwhile.
    const present = new Set((await indexesOf(messages)).map(each => each.name));
    for (const { name, key, sparse } of INDEXES) {
      if (!present.has(name)) await messages.createIndex(key, { name, sparse });
    }
    this.#indexed = true;
  }

  #messages(): Promise<Collection<MessageDocument>> {
    return this.#collection<MessageDocument>('messages');
  }

  async #collection<T extends object>(name: string): Promise<Collection<T>> {
    return (await this.#connected()).db(this.#database).collection<T>(name);
  }

  /** Once connected the driver reconnects by itself; a client whose first attempt failed stays closed, so each takes a new one. */
  #connected(): Promise<MongoClient> {
    if (this.#closed) throw new StoreUnavailable('the store is closed');
    this.#client ??= this.#connect().catch(error => {
      this.#client = null;
      throw error;
    });
    return this.#client;
  }

  async #connect(): Promise<MongoClient> {
    const client = this.#newClient();
    try {
      return await client.connect();
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  #newClient(): MongoClient {
    try {
      return new MongoClient(this.#uri, CLIENT);
    } catch {
      // The driver's error quotes the string.
      throw new StoreUnavailable('the connection string of MongoDB is not valid');
    }
  }

  async #ask<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw error instanceof StoreUnavailable ? error : new StoreUnavailable(reasonOf(error), error);
    }
  }
}

async function indexesOf(collection: Collection<MessageDocument>) {
  try {
    return await collection.indexes();
  } catch (error) {
    if (error instanceof MongoServerError && error.code === NAMESPACE_NOT_FOUND) return [];
    throw error;
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

const REASON_LENGTH = 200;
const AUTHENTICATION_FAILED = 18;
const UNAUTHORIZED = 13;

function reasonOf(error: unknown): string {
  if (error instanceof MongoServerError) {
    if (error.code === AUTHENTICATION_FAILED) return 'MongoDB refused the credentials';
    if (error.code === UNAUTHORIZED) return 'the MongoDB user may not do this on the database';
    return `MongoDB answered error ${error.code ?? '?'} ${error.codeName ?? ''}`.trim(); // its message may quote messages
  }
  return (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, REASON_LENGTH);
}
