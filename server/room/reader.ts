import type { HistoryStore } from './history-store.ts';
import { leaderHasNoMore } from './leader-end.ts';
import { ReadFailed, type RoomLog } from './log.ts';
import type { StoredMessage } from './message.ts';
import { readBackward } from './read-backward.ts';
import { type Patience, patienceOf, soon } from './soon.ts';

/** Attempts to read the newest messages while a replica lags or a purge comes between. */
const ATTEMPTS = 4;

/** Deepest place that a recovery read. */
export type Source = 'tail' | 'stream' | 'mongodb';

/** Page of a room's messages. */
export interface Page {
  readonly messages: readonly StoredMessage[];
  /** Number of messages of the room after the last one here, as far as known; those in MongoDB only if they were counted. */
  readonly pending: number;
  readonly source: Exclude<Source, 'tail'>;
  /** True if messages after the offset are lost for ever: the page may be incomplete. */
  readonly holed: boolean;
  /**
   * Offset of the last message that was looked at, if the page is empty only because too many messages in a row are left out: it is
   * not the end, and is read on from there. Null for every other page.
   */
  readonly skippedTo: number | null;
}

/** Messages before an offset, descending; see {@link Page}. */
export type OlderPage = Pick<Page, 'messages' | 'skippedTo'>;

/** Reads a room's messages from LOG, and from MongoDB below: without a gap between both, and without half-written batches. */
export interface RoomReader {
  /**
   * Reads at most `limit` messages after an offset, ascending. An empty page without {@link Page.skippedTo} is certain: the leader was
   * asked after the call.
   * Calls for the same page at the same time share one read.
   * @param counted true to include messages of MongoDB in {@link Page.pending}, which reads thousands of keys
   * @throws {ReadFailed} if LOG does not answer, or lags
   * @throws {StoreUnavailable} if MongoDB is needed and does not answer
   */
  after(room: string, offset: number, limit: number, counted?: boolean): Promise<Page>;
  /** Reads at most `limit` messages before an offset, descending. Rejects as {@link after} does. */
  before(room: string, offset: number, limit: number): Promise<OlderPage>;
}

/**
 * Makes the reader of a gateway.
 * @param countLimit most messages that are counted in MongoDB for {@link Page.pending}
 * @param patience time to wait for MongoDB where LOG can answer as well
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
      batch = await log.readAfter(room, batch.reached, limit); // none of its messages was readable
    // An empty answer may be a replica that lags; the leader knows.
    if (batch.messages.length === 0 && (await log.next(room, batch.reached)) > 0)
      throw new ReadFailed(`a replica of the stream of ${room} lags`);
    // Read last: messages that a purge removed meanwhile are below `first` now, so they are read from MongoDB.
    const { first, lost } = await log.state(log.partitionOf(room));
    if (offset + 1 >= first) return { ...batch, source: 'stream', holed: false, skippedTo: null };
    const holed = lost.some(({ to }) => to > offset);
    const range = { after: offset, before: first };
    const old = await store.read(room, { ...range, limit, reverse: false });
    const fresh = batch.messages.filter(message => message.offset >= first);
    if (old.length < limit) {
      const messages = [...old, ...fresh].slice(0, limit);
      const pending = batch.pending + old.length + fresh.length - messages.length;
      return { messages, pending, source: old.length > 0 ? 'mongodb' : 'stream', holed, skippedTo: null };
    }
    const following = counted ? (await store.count(room, range, countLimit() + limit)) - old.length : 0;
    const pending = following + fresh.length + batch.pending;
    return { messages: old, pending, source: 'mongodb', holed, skippedTo: null };
  }

  /** Reads the newest messages, which MongoDB may lack, and the offset that divides LOG from MongoDB. */
  async function readUnstored(room: string, before: number, limit: number) {
    const partition = log.partitionOf(room);
    const floor = await log.storedFloor(partition);
    let { first, last } = await log.state(partition);
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const stored = Math.max(floor, first - 1);
      const end = Math.min(before, last + 1);
      if (end - 1 <= stored) return { found: [], stored, first, end };
      const found = await readBackward(log, room, { after: stored, before: end }, limit);
      // Read after the messages: those that a purge removed are below `first` now, and those that a replica lacked are known.
      const [whole, now] = await Promise.all([
        leaderHasNoMore(log, room, found[0]?.offset ?? stored, end),
        log.state(partition),
      ]);
      if (whole && now.first - 1 <= stored) return { found, stored, first, end };
      ({ first, last } = now);
    }
    throw new ReadFailed(`a replica of the stream of ${room} lags`);
  }

  async function readBefore(room: string, before: number, limit: number): Promise<StoredMessage[]> {
    // Above the stored offset only LOG is complete: normally a few messages.
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
    // LOG still has its hot window. A short page does not end the history, an empty one does: that has to be certain.
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
      // The shared read began before this call: its empty page says nothing about now.
      return await (flights.get(key) ?? start(key, room, offset, limit, counted));
    },
    before: async (room, offset, limit) => ({ messages: await readBefore(room, offset, limit), skippedTo: null }),
  };
}
