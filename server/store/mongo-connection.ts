import { setTimeout as sleep } from 'node:timers/promises';
import { type Collection, type Db, MongoClient, type MongoClientOptions, type WriteConcernSettings } from 'mongodb';
import { StoreUnavailable } from '../room/history-store.ts';
import { type Clock, systemClock } from '../time/clock.ts';
import { Circuit } from './circuit.ts';
import { NotConnected, reasonOf, unreachable } from './mongo-errors.ts';

/** Options of the driver. An operation fails after 2 s if MongoDB cannot be connected to, and after 5 s if it does not answer. */
const CLIENT: MongoClientOptions = {
  serverSelectionTimeoutMS: 2_000,
  connectTimeoutMS: 2_000,
  socketTimeoutMS: 5_000,
  waitQueueTimeoutMS: 2_000,
  heartbeatFrequencyMS: 5_000,
  maxPoolSize: 20,
  // These override the connection string: a lagging secondary misses messages, and a write without a majority may be rolled back.
  readPreference: 'primary',
  readConcernLevel: 'majority',
  appName: 'chatcluster',
};

/** Longest a read may run on the server: below the time-out of the socket, so that abandoned reads end on the server too. */
export const READ = { maxTimeMS: 4_000 } as const;

/** Write concern of everything a worker stores: a majority has it on disk, because JetStream then drops the message. */
export const DURABLE: WriteConcernSettings = { w: 'majority', journal: true };

/** Time between attempts to connect with a new connection string. */
const RETRY_MS = 2_000;
/** The clock of the machine, with timers that do not keep the process alive. */
const clock: Pick<Clock, 'now' | 'after'> = {
  now: systemClock.now,
  after(ms, task) {
    const timer = setTimeout(task, ms).unref();
    return () => clearTimeout(timer);
  },
};

/**
 * Connection to one MongoDB database. Connects at the first operation; after that the driver reconnects by itself.
 * @param uri secret: never part of an error
 */
export class MongoConnection {
  readonly circuit = new Circuit({
    ping: async () => void (await (await this.#connected()).db(this.#database).command({ ping: 1 })),
    unreachable,
    reasonOf,
    clock,
  });
  #uri: string;
  readonly #database: string;
  readonly #pending = new Set<Promise<unknown>>();
  #client: Promise<MongoClient> | null = null;
  #closed = false;

  constructor(uri: string, database: string) {
    this.#uri = uri;
    this.#database = database;
  }

  async collection<T extends object>(name: string): Promise<Collection<T>> {
    return (await this.#connected()).db(this.#database).collection<T>(name);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.circuit.stop();
    const client = await this.#client?.catch(() => null);
    await client?.close();
  }

  /**
   * Changes to another connection string. Tries to connect with it until that works. The previous connection stays in use until
   * then, and is closed when its pending operations have ended.
   * @param failed called with the reason of a failed attempt, unless it is that of the attempt before
   * @returns true once the new connection is in use; false if {@link close} or another call of this method came first
   */
  async use(uri: string, failed: (reason: string) => void): Promise<boolean> {
    this.#uri = uri;
    let known = '';
    for (;;) {
      const client = await this.#connect().catch((error: unknown) => {
        const reason = reasonOf(error);
        if (reason !== known) failed(reason);
        known = reason;
        return null;
      });
      if (this.#closed || this.#uri !== uri) {
        await client?.close();
        return false;
      }
      if (client) {
        await this.#replace(client);
        return true;
      }
      await sleep(RETRY_MS);
    }
  }

  async #replace(client: MongoClient): Promise<void> {
    const before = this.#client;
    this.#client = Promise.resolve(client);
    this.circuit.reconnected();
    await Promise.allSettled([...this.#pending]);
    await (await before?.catch(() => null))?.close();
  }

  /** Runs an operation that writes, as {@link Circuit.write}. */
  write<T>(work: () => Promise<T>): Promise<T> {
    return this.circuit.write(() => this.#untilSettled(work()));
  }

  /** Runs an operation that only reads, as {@link Circuit.read}. */
  read<T>(work: () => Promise<T>): Promise<T> {
    return this.circuit.read(() => this.#untilSettled(work()));
  }

  /** Runs long work on a client of its own, without a time-out for an answer. */
  async runAlone<T>(work: (database: Db) => Promise<T>): Promise<T> {
    const client = this.#newClient({ ...CLIENT, socketTimeoutMS: 0, maxPoolSize: 1 });
    try {
      return await work((await client.connect()).db(this.#database));
    } finally {
      await client.close();
    }
  }

  /** Keeps {@link use} from closing the client before `answer` has settled. */
  async #untilSettled<T>(answer: Promise<T>): Promise<T> {
    this.#pending.add(answer);
    try {
      return await answer;
    } finally {
      this.#pending.delete(answer);
    }
  }

  /** Makes a new client for each attempt: a client whose first attempt failed stays closed. */
  #connected(): Promise<MongoClient> {
    if (this.#closed) throw new StoreUnavailable('the store is closed');
    if (this.#client) return this.#client;
    const client = this.#connect().catch(error => {
      if (this.#client === client) this.#client = null;
      throw error;
    });
    this.#client = client;
    return client;
  }

  async #connect(): Promise<MongoClient> {
    const client = this.#newClient();
    try {
      return await client.connect();
    } catch (error) {
      await client.close();
      throw new NotConnected(reasonOf(error), error);
    }
  }

  #newClient(options = CLIENT): MongoClient {
    try {
      return new MongoClient(this.#uri, options);
    } catch {
      // The driver's error quotes the connection string, which is secret.
      throw new NotConnected('the connection string of MongoDB is not valid');
    }
  }
}
