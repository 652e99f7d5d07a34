import type { RoomArchive } from '../../membership/archive.ts';
import type { UserWriter } from '../../membership/user-archive.ts';
import type { ContactWriter, RoomWriter } from '../../room/room-changes.ts';
import type { EntryReader, ErasureList, ErasureTime, ViewPosition, ViewWriter } from '../../room/views.ts';
import { type Clock, sleep } from '../../time/clock.ts';
import {
  type FoldBatch,
  type FoldEntry,
  type FoldPosition,
  type FoldStart,
  type Lease,
  LeaseLost,
  type WorkerFold,
} from '../fold/fold.ts';
import { changesOf } from './changes.ts';
import type { CountMarks } from './count-marks.ts';
import type { Erasing } from './erasing.ts';
import { roomEntriesOf } from './room-entries.ts';
import { StoredPages } from './stored-pages.ts';
import { userChangesOf } from './user-entries.ts';
import { VoidEntries } from './void-entries.ts';

export interface ViewsParts {
  readonly store: ViewWriter &
    EntryReader &
    ErasureList &
    RoomWriter &
    Pick<RoomArchive, 'room'> & { readonly users: UserWriter; readonly contacts: ContactWriter };
  /** Offset up to which every entry of a partition is stored, as of the call. */
  storedUpTo(partition: number): Promise<number>;
  /** Offset below which the streams have no entry of a partition, now and later. */
  firstKept(partition: number): Promise<number>;
  /** Part that erases deleted texts in the streams. */
  readonly erasing: Pick<Erasing, 'look' | 'run'>;
  /** Part that marks messages which count as unread. */
  readonly counts: Pick<CountMarks, 'begin' | 'step'>;
  readonly clock: Clock;
}

/** Pause between two looks at how far a partition is stored. Storing a batch takes some 100 ms. */
const LOOK_MS = 50;

/**
 * Fold of edits, deletes, reactions and hides, of rooms and their members, of users and of contacts, into MongoDB. Control entries are applied first, and
 * tell which entries of the batch do not count. It then waits until all its entries are stored, applies its changes, lists the entries
 * whose texts are deleted by it or do not count, and saves the position: so a worker that replaces this one at any step does the same
 * again. What is listed is erased in LOG and LIVE later, see {@link Erasing}. Entries that LOG does not have any more are folded from
 * MongoDB first.
 */
export class ViewsFold implements WorkerFold {
  readonly name = 'views';
  /**
   * A batch is some 0.1 s of work at 5,000 entries a second. It waits for more: each batch costs a read of LOG's state and a write of
   * the position, and gateways fold what is above the position themselves.
   */
  readonly limits = { size: 1_000, delayMs: 200, maxBytes: 8 * 1024 * 1024 };
  readonly headersOnly = false;
  readonly needsStore = true;
  readonly #parts: ViewsParts;
  /** Position that this worker read or saved last, by partition. */
  readonly #saved = new Map<number, ViewPosition | null>();

  readonly #void: VoidEntries;

  constructor(parts: ViewsParts) {
    this.#parts = parts;
    this.#void = new VoidEntries(parts.store);
  }

  async readPosition(partition: number): Promise<FoldPosition | null> {
    const { store, erasing } = this.#parts;
    const position = await store.readPosition(partition);
    await erasing.look(partition, position);
    return position;
  }

  async begin({ partition, from, to, gap }: FoldStart, lease: Lease): Promise<void> {
    this.#saved.set(partition, from);
    this.#parts.counts.begin(partition, from);
    this.#void.clear();
    if (!gap) return;
    const { store, firstKept } = this.#parts;
    const kept = await firstKept(partition);
    const pages = new StoredPages(store, partition);
    await pages.begin(from?.at ?? 0);
    for (let at = from?.at ?? 0; at < to.at; ) {
      const page = await pages.read(at, to.at);
      const batch = { partition, epoch: to.epoch, ...page };
      if (lease.signal.aborted) throw new LeaseLost(lease);
      await this.#apply(batch, lease, { kept });
      at = page.upto;
      await this.savePosition(partition, { epoch: to.epoch, at }, lease);
    }
  }

  async apply(batch: FoldBatch, lease: Lease): Promise<void> {
    await this.#apply(batch, lease, null);
  }

  /** @param stored for entries that come from the store: offset below which nothing has to be erased */
  async #apply(
    { partition, entries }: FoldBatch,
    lease: Lease,
    stored: { readonly kept: number } | null,
  ): Promise<void> {
    const { store, storedUpTo } = this.#parts;
    const { controls, own, contacts } = roomEntriesOf(entries);
    if (controls.length + own.length + contacts.length > 0) {
      await this.#check(partition);
      await store.applyRooms(controls, own);
      if (contacts.length > 0) await store.contacts.applyContacts(contacts);
    }
    const users = userChangesOf(entries);
    if (users.length > 0) {
      await this.#check(partition);
      await store.users.apply(users);
    }
    const { counting, voided } = await this.#void.split(entries, new Set(controls.map(({ room }) => room)));
    const changes = [...counting.flatMap(changesOf), ...voided].sort((a, b) => a.entry.offset - b.entry.offset);
    const last = changes.at(-1);
    if (!last) return;
    if (!stored) await this.#reached(() => storedUpTo(partition), last.entry.offset, lease);
    await this.#check(partition);
    const gone = await store.applyChanges(partition, changes);
    const erased = gone.filter(({ offset }) => offset >= (stored?.kept ?? 0));
    if (erased.length > 0) await store.noteErasures(partition, timeOf(entries), erased);
  }

  /** Finds a position that was lost, goes on with marks and erases, also while no entry comes. */
  async idle(partition: number, lease: Lease): Promise<void> {
    await this.#check(partition);
    const saved = this.#saved.get(partition);
    if (!saved) return;
    const counted = await this.#parts.counts.step(partition, saved.at);
    if (counted !== (saved.counted ?? 0)) await this.#save(partition, { ...saved, counted }, lease);
    await this.#parts.erasing.run(saved.epoch, lease);
  }

  /** Changes of what a restored MongoDB has in an older state would be judged by that state. @throws {PositionMoved} */
  async #check(partition: number): Promise<void> {
    const { store } = this.#parts;
    if (!isSame(await store.readPosition(partition), this.#saved.get(partition) ?? null)) throw new PositionMoved();
  }

  async savePosition(partition: number, { epoch, at }: FoldPosition, lease: Lease): Promise<void> {
    await this.#save(partition, { epoch, at, counted: await this.#parts.counts.step(partition, at) }, lease);
    await this.#parts.erasing.run(epoch, lease);
  }

  async #save(partition: number, position: ViewPosition, lease: Lease): Promise<void> {
    const saved = this.#saved.get(partition) ?? null;
    const { store } = this.#parts;
    if (!(await store.savePosition(partition, saved, position, lease.epoch))) {
      const later = await store.positionLease(partition);
      throw later > lease.epoch ? new LeaseLost(lease, later) : new PositionMoved();
    }
    this.#saved.set(partition, position);
  }

  /** Waits until a position is at an offset. */
  async #reached(position: () => Promise<number>, offset: number, lease: Lease): Promise<void> {
    while (offset > 0 && (await position()) < offset) {
      await sleep(this.#parts.clock, LOOK_MS, lease.signal);
      if (lease.signal.aborted) throw new LeaseLost(lease);
    }
  }
}

/** Time from which the erasures of a batch wait: no entry of it, and none that it deletes, is younger. */
const timeOf = (entries: readonly FoldEntry[]): ErasureTime => ({
  at: entries[0]?.offset ?? 0,
  storedAt: Math.ceil(entries.reduce((latest, { message }) => Math.max(latest, message?.storedAt ?? 0), 0) / 1_000),
});

/** The position in MongoDB is not the one that this worker saved. The fold starts again from the one that is there. */
class PositionMoved extends Error {
  constructor() {
    super('the position in MongoDB is another one: MongoDB was restored, or another worker saved it');
    this.name = 'PositionMoved';
  }
}

const isSame = (a: ViewPosition | null, b: ViewPosition | null) => a?.epoch === b?.epoch && a?.at === b?.at;
