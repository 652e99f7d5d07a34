import type { HistoryStore } from '../store/store.ts';
import { ReadFailed, type RoomLog } from './log.ts';
import type { StoredMessage } from './message.ts';
import { readBackward } from './read-backward.ts';
import { type Patience, patienceOf, soon } from './soon.ts';

export type Source = 'tail' | 'stream' | 'mongodb';

export interface Page {
  readonly messages: readonly StoredMessage[];
  /** Messages of the room that follow the last one here, as far as known; of those in MongoDB only if they are counted. */
  readonly pending: number;
  readonly source: Exclude<Source, 'tail'>;
}

/** Reads a room from LOG where LOG has it and from MongoDB below, so that no seam and no half-written batch shows. */
export interface RoomReader {
  /**
   * At most `limit` messages after an offset, ascending; an empty page is certain: the leader was asked, after the call.
   * Readers of the same page at the same time share one read.
   * @param counted whether {@link Page.pending} counts what follows in MongoDB, which reads thousands of keys
   */
  after(room: string, offset: number, limit: number, counted?: boolean): Promise<Page>;
  /** At most `limit` messages before an offset, descending. */
  before(room: string, offset: number, limit: number): Promise<StoredMessage[]>;
}

/**
 * @param countLimit most messages that are counted for {@link Page.pending} in MongoDB
 * @param patience how long MongoDB is waited for where LOG can answer as well
 */
export function roomReader(
  log: RoomLog,
  store: HistoryStore,
  countLimit: () => number,
  patience: Patience = patienceOf(300),
): RoomReader {
  const flights = new Map<string, Promise<Page>>();

  async function readAfter(room: string, offset: number, limit: number, counted: boolean): Promise<Page> {
    let batch = await log.readAfter(room, offset, limit);
    while (batch.messages.length === 0 && batch.reached > offset && batch.pending > 0)
      batch = await log.readAfter(room, batch.reached, limit); // nothing in it that clients can have
    // An empty answer may be a replica that lags; the leader knows.
    if (batch.messages.length === 0 && (await log.next(room, batch.reached)) > 0)
      throw new ReadFailed(`a replica of the stream of ${room} lags`);
    // Asked last: what a purge removed meanwhile is below `first` now, so it is read from MongoDB.
    const { first } = await log.state(log.partitionOf(room));
    if (offset + 1 >= first) return { ...batch, source: 'stream' };
    const range = { after: offset, before: first };
    const old = await store.read(room, { ...range, limit, reverse: false });
    const fresh = batch.messages.filter(message => message.offset >= first);
    if (old.length < limit) {
      const messages = [...old, ...fresh].slice(0, limit);
      const pending = batch.pending + old.length + fresh.length - messages.length;
      return { messages, pending, source: old.length > 0 ? 'mongodb' : 'stream' };
    }
    const following = counted ? (await store.count(room, range, countLimit() + limit)) - old.length : 0;
    return { messages: old, pending: following + fresh.length + batch.pending, source: 'mongodb' };
  }

  async function readBefore(room: string, before: number, limit: number): Promise<StoredMessage[]> {
    const partition = log.partitionOf(room);
    const floor = await log.storedFloor(partition);
    const { first, last } = await log.state(partition);
    const found: StoredMessage[] = [];
    let below = Math.min(before, last + 1);
    const readLog = async (after: number): Promise<void> => {
      found.push(...(await readBackward(log, room, { after, before: below }, limit - found.length)));
      below = found.at(-1)?.offset ?? below;
    };
    // Above the floor only LOG is whole: normally a handful of messages.
    await readLog(floor);
    if (found.length === limit) return found;
    const limits = { after: 0, before: Math.min(below, floor + 1), limit: limit - found.length, reverse: true };
    let asked: Promise<StoredMessage[]> | null = null;
    const ask = () => {
      asked ??= store.read(room, limits);
      return asked;
    };
    if (!store.quiet()) {
      const stored = await soon(ask(), patience);
      if (stored) return found.concat(stored);
    }
    // LOG still has its hot window. A short page is not the end of history, an empty one is: that has to be certain.
    await readLog(first - 1);
    if (found.length > 0) return found;
    if (first > 1) return await ask();
    const oldest = await log.next(room, 0);
    if (oldest > 0 && oldest < before) throw new ReadFailed(`a replica of the stream of ${room} lags`);
    return found;
  }

  function start(key: string, room: string, offset: number, limit: number, counted: boolean): Promise<Page> {
    const read = readAfter(room, offset, limit, counted).finally(() => flights.delete(key));
    flights.set(key, read);
    return read;
  }

  return {
    async after(room, offset, limit, counted = false) {
      const key = `${offset} ${limit} ${counted} ${room}`;
      const flight = flights.get(key);
      if (!flight) return await start(key, room, offset, limit, counted);
      const page = await flight;
      if (page.messages.length > 0) return page;
      // That nothing was there when somebody else asked says nothing about now.
      return await (flights.get(key) ?? start(key, room, offset, limit, counted));
    },
    before: readBefore,
  };
}
