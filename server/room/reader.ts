import type { HistoryStore } from './history-store.ts';
import { ReadFailed, type RoomLog } from './log.ts';
import type { StoredMessage } from './message.ts';
import { readBackward } from './read-backward.ts';
import { type Patience, patienceOf, soon } from './soon.ts';

/** Reads of the newest messages, when a replica lags or a purge comes between, before that is a failure. */
const ATTEMPTS = 4;

export type Source = 'tail' | 'stream' | 'mongodb';

export interface Page {
  readonly messages: readonly StoredMessage[];
  /** Messages of the room that follow the last one here, as far as known; of those in MongoDB only if they are counted. */
  readonly pending: number;
  readonly source: Exclude<Source, 'tail'>;
  /** True when messages after the offset are lost for ever, so that nobody can say that these are all. */
  readonly holed: boolean;
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
    const { first, lost } = await log.state(log.partitionOf(room));
    if (offset + 1 >= first) return { ...batch, source: 'stream', holed: false };
    const holed = lost.some(({ to }) => to > offset);
    const range = { after: offset, before: first };
    const old = await store.read(room, { ...range, limit, reverse: false });
    const fresh = batch.messages.filter(message => message.offset >= first);
    if (old.length < limit) {
      const messages = [...old, ...fresh].slice(0, limit);
      const pending = batch.pending + old.length + fresh.length - messages.length;
      return { messages, pending, source: old.length > 0 ? 'mongodb' : 'stream', holed };
    }
    const following = counted ? (await store.count(room, range, countLimit() + limit)) - old.length : 0;
    return { messages: old, pending: following + fresh.length + batch.pending, source: 'mongodb', holed };
  }

  /** The newest messages that MongoDB may lack, and where LOG and MongoDB divide. */
  async function readUnstored(room: string, before: number, limit: number) {
    const partition = log.partitionOf(room);
    const floor = await log.storedFloor(partition);
    let { first, last } = await log.state(partition);
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const stored = Math.max(floor, first - 1);
      const end = Math.min(before, last + 1);
      if (end - 1 <= stored) return { found: [], stored, first, end };
      const found = await readBackward(log, room, { after: stored, before: end }, limit);
      // Asked after the read: what a purge took out of it is below `first` now, and what a replica lacked is known.
      const [whole, now] = await Promise.all([
        leaderHasNoMore(room, found[0]?.offset ?? stored, end),
        log.state(partition),
      ]);
      if (whole && now.first - 1 <= stored) return { found, stored, first, end };
      ({ first, last } = now);
    }
    throw new ReadFailed(`a replica of the stream of ${room} lags`);
  }

  /** True if LOG's leader knows of no message between two offsets that clients can have. */
  async function leaderHasNoMore(room: string, after: number, before: number): Promise<boolean> {
    for (let at = after; at < before - 1; ) {
      const next = await log.next(room, at);
      if (next === 0 || next >= before) return true;
      const { messages, reached } = await log.readAfter(room, next - 1, 1);
      if (messages.length > 0 || reached < next) return false;
      at = next; // one that clients cannot have
    }
    return true;
  }

  async function readBefore(room: string, before: number, limit: number): Promise<StoredMessage[]> {
    // Above what is stored only LOG is whole: normally a handful of messages.
    const { found, stored, first, end } = await readUnstored(room, before, limit);
    if (found.length === limit) return found;
    const below = found.at(-1)?.offset ?? end;
    const limits = { after: 0, before: Math.min(below, stored + 1), limit: limit - found.length, reverse: true };
    let asked: Promise<StoredMessage[]> | null = null;
    const ask = () => {
      asked ??= store.read(room, limits);
      return asked;
    };
    if (!store.quiet()) {
      const old = await soon(ask(), patience);
      if (old) return found.concat(old);
    }
    // LOG still has its hot window. A short page is not the end of history, an empty one is: that has to be certain.
    const recent = await readBackward(log, room, { after: first - 1, before: below }, limit - found.length);
    if (found.length + recent.length > 0) return found.concat(recent);
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
