import { Binary, type Collection, MongoBulkWriteError, MongoServerError, type WriteConcernSettings } from 'mongodb';
import { fromDocument, type MessageDocument, messageKey, toDocument } from './document.ts';
import { MongoConnection } from './mongo-connection.ts';
import type { HistoryStore, LoggedMessage, MessageWriter, RejectedMessage } from './store.ts';
import { type BulkError, judge, type Verdict } from './write-errors.ts';

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
  readonly code: number | 'unreadable';
  readonly headers?: Binary;
}

export interface MongoStore extends HistoryStore, MessageWriter {
  /** Asks also while MongoDB is known to be away. Rejects with {@link StoreUnavailable}, which holds the reason. */
  ping(): Promise<void>;
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
  #indexed = false;

  constructor(connection: MongoConnection) {
    this.#connection = connection;
  }

  read(room: string, range: Parameters<HistoryStore['read']>[1]) {
    const { after, before, limit, reverse } = range;
    return this.#connection.look(async () => {
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
    return this.#connection.look(async () => {
      const query = { room, offset: between(range.after, range.before) };
      return await (await this.#messages()).countDocuments(query, { limit: most });
    });
  }

  findByDedupe(dedupe: string) {
    return this.#connection.look(async () => {
      const [found] = await (await this.#messages()).find({ dedupe }).sort({ offset: 1 }).limit(1).toArray();
      return found ? { offset: found.offset, epoch: found.epoch } : null;
    });
  }

  write(partition: number, batch: readonly LoggedMessage[]) {
    return this.#connection.ask(async () => {
      await this.#index();
      const highest = batch.reduce((top, message) => Math.max(top, message.offset), 0);
      const [rejected] = await Promise.all([this.#insert(partition, batch), this.#raise(partition, highest)]);
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
      await this.#raise(partition, message.offset);
    });
  }

  floor(partition: number) {
    return this.#connection.look(async () => {
      await this.#index(); // a worker asks this first: better now than while messages wait
      const found = await (await this.#connection.collection<FloorDocument>('floors')).findOne({ _id: partition });
      return found?.offset ?? 0;
    });
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
    const floors = await this.#connection.collection<FloorDocument>('floors');
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
    return this.#connection.collection<MessageDocument>('messages');
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
