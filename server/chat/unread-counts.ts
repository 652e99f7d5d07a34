import { asNewAs, authorize, type LoadAccess, type RoomAccess } from '../access/room-access.ts';
import type { Identity } from '../access/token.ts';
import type { Entry } from '../fold/entry.ts';
import type { Mark } from '../fold/mark.ts';
import { type FoldedMessage, RoomFold } from '../fold/room-fold.ts';
import type { Marks } from '../membership/marks.ts';
import { MOST_OTHERS, type Pairs } from '../membership/pairs.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { CountableMessage, CountReader } from '../room/counts.ts';
import type { Filter } from '../room/filtered-reader.ts';
import { type HistoryStore, StoreUnavailable } from '../room/history-store.ts';
import { type Newest, ReadFailed, type RoomLog } from '../room/log.ts';
import type { ViewReader } from '../room/views.ts';
import { addEntries, entriesAfter, entriesOf } from './entries.ts';
import type { Hidden } from './hidden.ts';
import { type Count, countUnread, MOST_COUNTED, MOST_LOOKED_AT, NONE, type WalkParts } from './unread-walk.ts';

export interface UnreadCountsOptions {
  readonly log: Pick<RoomLog, 'partitionOf' | 'newest' | 'readAfter' | 'top' | 'state' | 'storedFloor'>;
  readonly store: Pick<HistoryStore, 'quiet'> & Pick<ViewReader, 'findFolded'>;
  readonly counts: CountReader;
  readonly access: LoadAccess;
  readonly marks: Pick<Marks, 'of'>;
  readonly hidden: Pick<Hidden, 'above'>;
  readonly pairs: Pick<Pairs, 'of'>;
  /** Leaves out entries that do not count. */
  readonly counting: Filter;
}

/** Unread messages of a room as of a moment. */
export interface RoomCount extends Count {
  /** Offset up to which every message of the room is looked at, and none above it. */
  readonly upto: number;
  /** Messages among them that mention the user, or everybody: at most {@link MOST_COUNTED}; null if that is not known. */
  readonly mentions: number | null;
}

/** A room of one call, with what is known of it. */
interface Asked {
  readonly room: string;
  readonly rights: RoomAccess;
  readonly read: number;
  readonly newest: Newest;
}

/** Entries of LOG that MongoDB does not count yet. */
interface Tail {
  /** Offset up to which MongoDB counts; at most the offset above which is counted if it is not needed. */
  readonly from: number;
  /** Messages above {@link from}, descending by offset. */
  readonly messages: readonly FoldedMessage[];
  /** Entries above {@link from}. */
  readonly entries: readonly Entry[];
  /** Offsets of deleted messages, of any offset. */
  readonly deleted: readonly number[];
  /** Offset of the last entry. */
  readonly upto: number;
}

/** Rooms that are counted at the same time, for one call. */
const LANES = 8;
/** Messages of one read. The first one nearly always tells that there are more than a hundred. */
const PAGE = 200;
/** Attempts to read LOG while a purge comes between, and to count with rights that still hold afterwards. */
const ATTEMPTS = 4;

/**
 * Counts of unread messages, as they are when they are asked for: nothing is kept that could be wrong. Most rooms are told by LAST
 * without another read. In the others MongoDB counts, as far as its messages are marked and stored, over an index alone, and what is
 * above that is folded from LOG. If LOG has everything above the mark, MongoDB is not asked at all.
 */
export class UnreadCounts {
  readonly #options: UnreadCountsOptions;

  constructor(options: UnreadCountsOptions) {
    this.#options = options;
  }

  /**
   * Counts what a user has not read. Includes every message, change, hide and mark that was answered before the call, and blocks
   * of others with the delay of their delivery to this gateway.
   * @param rooms at most 1,000
   * @returns by room; null where it cannot be said, because the mark is not known, or MongoDB does not answer or has not marked its
   * messages yet. A room that the user may not read is missing.
   * @throws {ReadFailed} if NATS does not answer, {@link StoreUnavailable} if rights depend on MongoDB and it does not
   */
  async of(identity: Identity, rooms: readonly string[]): Promise<ReadonlyMap<string, RoomCount | null>> {
    const { log, marks, access } = this.#options;
    const { user } = identity;
    const rights = new Map<string, RoomAccess>();
    await Promise.all(
      rooms.map(async room => {
        const allowed = await unlessRefused(async () => await authorize(access, identity, room, 'history'));
        if (allowed) rights.set(room, allowed);
      }),
    );
    const readable = [...rights];
    // Marks first: a message that is newer than them may only make a count higher.
    // While NATS does not have them, such as beside workers of the release before, counts are not known.
    const found = (await unlessAway(() => marks.of(readable.map(([room]) => ({ user, room }))))) ?? [];
    const ends = await this.#newest(readable.map(([room]) => room));
    const counted = new Map<string, RoomCount | null>();
    const asked: Asked[] = [];
    for (const [index, [room, allowed]] of readable.entries()) {
      const read = found[index]?.read;
      const newest = ends.get(room) ?? { top: 0, entry: null, countable: null };
      const known = knownCount(found[index] ?? null, newest, allowed.since);
      counted.set(room, known && { ...known, upto: newest.top, mentions: 0 });
      if (read !== undefined && counted.get(room) === null) asked.push({ room, rights: allowed, read, newest });
    }
    if (asked.length === 0) return counted;
    const hidden = await this.#options.hidden.above(
      user,
      asked.map(({ room, rights: allowed, read }) => [room, beginningOf(allowed, read)] as const),
    );
    const positions = new Map<number, Promise<number>>();
    const waiting = asked.values();
    const lane = async () => {
      for (const each of waiting) {
        const partition = log.partitionOf(each.room);
        const at = positions.get(partition) ?? this.#countedUpTo(partition);
        positions.set(partition, at);
        const count = await unlessRefused(() => this.#count(user, each, hidden.get(each.room) ?? new Set(), at));
        if (count === undefined) counted.delete(each.room);
        else counted.set(each.room, count);
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    return counted;
  }

  async #newest(rooms: readonly string[]): Promise<ReadonlyMap<string, Newest>> {
    const { log } = this.#options;
    const partitions = [...Map.groupBy(rooms, room => log.partitionOf(room))];
    const found = await Promise.all(partitions.map(([partition, names]) => log.newest(partition, names)));
    return new Map(found.flatMap(ends => [...ends]));
  }

  /** Counts with rights that are at least as new as the entries. @throws {CommandError} if the user may not read the room any more */
  async #count(
    user: string,
    { room, rights, read, newest }: Asked,
    hidden: ReadonlySet<number>,
    countedUpTo: Promise<number>,
  ): Promise<RoomCount | null> {
    let allowed: RoomAccess | null = rights;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const above = beginningOf(allowed, read);
      const tail = await unlessAway(async () => await this.#tail(room, newest.top, above, countedUpTo));
      if (!tail) return null;
      const upto = Math.max(tail.upto, newest.top);
      allowed = await asNewAs(allowed, upto);
      if (beginningOf(allowed, read) !== above) continue;
      const without = new Set([...hidden, ...tail.deleted]);
      const blockedOf = async (users: readonly string[]) => await this.#blockedOf(user, users);
      const parts = { user, without, blockedOf };
      const count = await unlessAway(() => countUnread(this.#pages(room, above, tail), parts));
      if (!count) return null;
      const isNone = count.n === 0 && !count.partial;
      const mentions = isNone ? 0 : await unlessAway(() => this.#mentions(room, { above, tail }, parts));
      return { ...count, upto, mentions: mentions ?? null };
    }
    return null;
  }

  /** Entries of LOG that MongoDB does not count yet; null while neither of them has all. */
  async #tail(room: string, top: number, above: number, countedUpTo: Promise<number>): Promise<Tail | null> {
    const { log, counting } = this.#options;
    const partition = log.partitionOf(room);
    let counted = await countedUpTo;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const from = Math.max(counted, above);
      if (top <= from) return { from, messages: [], entries: [], deleted: [], upto: from };
      const stored = await entriesAfter(log, room, from);
      // Read last: what a purge removed meanwhile is below the first offset now.
      const { first } = await log.state(partition);
      if (first - 1 > from) {
        const known = counted;
        counted = await this.#countedUpTo(partition);
        if (counted === known) return null;
        continue;
      }
      const entries = entriesOf(await counting(room, stored));
      const messages = addEntries(new RoomFold(), entries)
        .messages()
        .filter(({ offset, deleted }) => offset > from && deleted === 0)
        .reverse();
      const deletes = entries.flatMap(entry => (entry.type === 'delete' ? entry.targets : []));
      const deleted = deletes.map(({ target }) => target);
      return { from, messages, entries, deleted, upto: stored.at(-1)?.offset ?? from };
    }
    return null;
  }

  /** Offset up to which MongoDB counts every message with every change; 0 while it does not answer. */
  async #countedUpTo(partition: number): Promise<number> {
    const { log, counts, store } = this.#options;
    if (store.quiet()) return 0;
    // Marks wait for the store at changes only: messages before them may not be stored yet.
    const counted = async () => Math.min(await counts.countedUpTo(partition), await log.storedFloor(partition));
    return (await unlessAway(counted)) ?? 0;
  }

  /** Messages above an offset, descending: those of LOG, then those of MongoDB. */
  async *#pages(room: string, above: number, { from, messages }: Tail): AsyncGenerator<readonly CountableMessage[]> {
    if (messages.length > 0) yield messages;
    let before = from + 1;
    for (let left = MOST_LOOKED_AT; left > 0 && before > above + 1; left -= PAGE) {
      const page = await this.#options.counts.countable(room, { after: above, before, limit: PAGE });
      yield page;
      if (page.length < PAGE) return;
      before = page.at(-1)?.offset ?? 0;
    }
  }

  /** Counts the messages above an offset that mention the user, as their texts are now. */
  async #mentions(
    room: string,
    { above, tail: { from, messages, entries } }: { readonly above: number; readonly tail: Tail },
    { user, without, blockedOf }: WalkParts,
  ): Promise<number> {
    const { counts, store } = this.#options;
    const range = { after: above, before: from + 1, limit: MOST_LOOKED_AT };
    const stored = from > above ? await counts.mentioning(room, user, range) : [];
    // Of messages that were edited since, the new text counts.
    const targets = entries.flatMap(entry => (entry.type === 'edit' ? [entry.target] : []));
    const edited = new Set(targets.filter(target => target > above && target <= from));
    const fold = new RoomFold();
    for (const message of edited.size > 0 ? await store.findFolded(room, [...edited]) : [])
      fold.addFolded(message, from);
    addEntries(fold, entries);
    const changed = [...edited].flatMap(offset => fold.message(offset) ?? []);
    const isMeant = ({ mentions = [], all, deleted }: FoldedMessage) =>
      deleted === 0 && (all === true || mentions.includes(user));
    const found = [
      ...messages.filter(isMeant),
      ...changed.filter(isMeant),
      ...stored.filter(({ offset }) => !edited.has(offset)),
    ].filter(message => message.user !== user && !without.has(message.offset));
    const blocked = found.length === 0 ? new Set() : await blockedOf([...new Set(found.map(each => each.user))]);
    return Math.min(found.filter(each => !blocked.has(each.user)).length, MOST_COUNTED);
  }

  async #blockedOf(user: string, users: readonly string[]): Promise<ReadonlySet<string>> {
    const blocked = new Set<string>();
    for (let start = 0; start < users.length; start += MOST_OTHERS) {
      const relations = await this.#options.pairs.of(user, users.slice(start, start + MOST_OTHERS));
      for (const [other, { blocks }] of relations) if (blocks) blocked.add(other);
    }
    return blocked;
  }
}

/**
 * Count of a room as far as its end tells it, without a read. Pure.
 * @param mark null if it is not known
 * @param since see {@link RoomAccess.since}
 * @returns null if it has to be counted, or cannot be
 */
export const knownCount = (mark: Mark | null, { countable }: Pick<Newest, 'countable'>, since = 0): Count | null =>
  countable !== null && countable <= Math.max(mark?.read ?? 0, since) ? NONE : null;

/** Offset above which messages count: above the mark, what the user may read, and the user's join. */
const beginningOf = (rights: RoomAccess | null, read: number): number =>
  Math.max(read, rights?.readableAbove ?? 0, rights?.since ?? 0);

/** Does work for a user. @returns undefined if the user may not read the room */
async function unlessRefused<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}

/** Does work for one room. @returns undefined if what it needs does not answer, or is too far behind */
async function unlessAway<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StoreUnavailable || error instanceof ReadFailed) return undefined;
    throw error;
  }
}
