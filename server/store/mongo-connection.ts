import { setTimeout as sleep } from 'node:timers/promises';
import { type Collection, type Db, MongoClient, type MongoClientOptions } from 'mongodb';
import { StoreUnavailable } from '../room/history-store.ts';
import { Circuit } from './circuit.ts';
import { NotConnected, reasonOf, unreachable } from './mongo-errors.ts';

/** Bounds on how long an operation takes to say that MongoDB is away: 2 s when nobody answers, 5 s when it is silent. */
const CLIENT: MongoClientOptions = {
  serverSelectionTimeoutMS: 2_000,
  connectTimeoutMS: 2_000,
  socketTimeoutMS: 5_000,
  waitQueueTimeoutMS: 2_000,
  heartbeatFrequencyMS: 5_000,
  maxPoolSize: 20,
  // Whatever the connection string says: a secondary that lags has holes, and what is not at a majority may be taken back.
  readPreference: 'primary',
  readConcernLevel: 'majority',
  appName: 'chatcluster',
};

/** Longest that the server may take for a read: below the socket's time-out, so that the work ends there too. */
export const READ = { maxTimeMS: 4_000 } as const;

/**
 * One database of MongoDB. Connects when it is first asked; after that the driver reconnects by itself.
 * @param uri secret: never part of an error
 */
export class MongoConnection {
  readonly circuit = new Circuit({
    ping: async () => void (await (await this.#connected()).db(this.#database).command({ ping: 1 })),
    unreachable,
    reasonOf,
    now: () => performance.now(),
    later: (run, ms) => {
      const timer = setTimeout(run, ms).unref();
      return () => clearTimeout(timer);
    },
  });
  #uri: string;
  readonly #database: string;
  readonly #asking = new Set<Promise<unknown>>();
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
   * Goes over to another connection string. Connects with it first, again and again; until that works the connection
   * before serves, and it ends when what was asked of it has been answered.
   * @param failed told why an attempt failed, when the reason is another than before
   * @returns true once it is in use; false if another string, or the end, came first
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
    await Promise.allSettled([...this.#asking]);
    await (await before?.catch(() => null))?.close();
  }

  /** Writes: see {@link Circuit.ask}. */
  ask<T>(work: () => Promise<T>): Promise<T> {
    return this.circuit.ask(() => this.#during(work()));
  }

  /** Reads: see {@link Circuit.look}. */
  look<T>(work: () => Promise<T>): Promise<T> {
    return this.circuit.look(() => this.#during(work()));
  }

  /** Runs work that takes long on a client of its own, without a bound on how long an answer takes. */
  async apart<T>(work: (database: Db) => Promise<T>): Promise<T> {
    const client = this.#newClient({ ...CLIENT, socketTimeoutMS: 0, maxPoolSize: 1 });
    try {
      return await work((await client.connect()).db(this.#database));
    } finally {
      await client.close();
    }
  }

  /** The client may not be closed before `answer` is there. */
  async #during<T>(answer: Promise<T>): Promise<T> {
    this.#asking.add(answer);
    try {
      return await answer;
    } finally {
      this.#asking.delete(answer);
    }
  }

  /** A client whose first attempt failed stays closed, so each attempt takes a new one. */
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
      // The driver's error quotes the string.
      throw new NotConnected('the connection string of MongoDB is not valid');
    }
  }
}

const RETRY_MS = 2_000;
