import type { Logger } from 'pino';
import { type Digests, DigestTaken, type Revised } from '../../bus/digests.ts';
import type { FoldLog } from '../../bus/fold-log.ts';
import { type Cover, coverFrom, type Deletion, type Digest } from '../../bus/last-entry.ts';
import type { RoomRange } from '../../bus/room-range.ts';
import type { PolicyProgress } from '../../membership/policy-progress.ts';
import type { LoggedDelete } from '../../room/log.ts';
import type { Clock, Moment } from '../../time/clock.ts';
import {
  type FoldBatch,
  type FoldPosition,
  type FoldStart,
  type Lease,
  LeaseLost,
  type WorkerFold,
} from '../fold/fold.ts';
import { countableWith, digestWith, type RoomBatch, roomBatches } from './digest.ts';
import type { MentionNotices } from './mention-notices.ts';
import type { PolicyFold } from './policy-fold.ts';

/** Part that keeps POLICY. */
export interface PolicyPart extends Pick<PolicyFold, 'apply' | 'counting'> {
  /** Tells users of their room and of mentions, see {@link MentionNotices.apply}. */
  tell: MentionNotices['apply'];
  /** Begins to fill POLICY, or to bring it into a new epoch, where needed. Rejects if notices that waited are due: the fold starts again. */
  look(partition: number, folded: FoldPosition, lease: Lease): Promise<void>;
  /** Reads what POLICY has of the log of a partition; null for nothing that is known. Has no effect: any worker calls it at any time. */
  position(partition: number): Promise<PolicyProgress | null>;
  /**
   * Begins a partition. Rejects if POLICY has lost writes since the position was read: the fold then starts again.
   * @param from position that was read; null for none
   */
  begin(partition: number, from: FoldPosition | null): Promise<void>;
  /** Notes that POLICY has everything up to a position. Rejects as {@link begin} does. @returns position to save in LAST: that, or below */
  save(partition: number, position: FoldPosition): Promise<FoldPosition>;
}

export interface StateFoldParts {
  readonly digests: Digests;
  readonly policy: PolicyPart;
  readonly foldLog: Pick<FoldLog, 'state'>;
  /** Reads the deletes of a room in a range of LOG. */
  deletions(range: RoomRange): Promise<readonly LoggedDelete[]>;
  /** Offset up to which the texts of deleted messages are gone from MongoDB and LOG; 0 if that is not known. */
  erased(partition: number, epoch: string): number;
  /** Removes rooms from LAST above its limit. @returns the new cover; null if it is the same */
  forget(partition: number, cover: Revised<Cover>): Promise<Revised<Cover> | null>;
  /** Time for which deletes stay in digests at least: an edit that was checked before a delete may be stored after it. */
  readonly keptMs: number;
  /** Called with the number of digests written. */
  written(count: number): void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Most reads and writes at the same time. */
const WINDOW = 500;
/** Attempts to write a digest that another process writes too. */
const ATTEMPTS = 4;
/** Time between two looks at the size of LAST. */
const FORGET_MS = 10_000;

/** A partition under a lease. */
interface Known {
  cover: Revised<Cover>;
  /** Sequence of LAST up to which no other process wrote, or its writes were repaired. */
  checked: number;
  /** Writes of this process above {@link checked}. */
  own: number;
  forgetAt: Moment;
  /** Positions with their times, oldest first: a delete up to the first is old. */
  readonly past: { readonly at: Moment; readonly offset: number }[];
}

/**
 * Fold `state`: keeps the digest of each room in LAST, at most about once a second a room, and as its position the cover. Needs no
 * MongoDB. Each write is a compare-and-set, so that a former holder overwrites nothing. A worker of an earlier release may put the
 * offset of a purged message over a digest: such an entry has no list of deletes, and is written again from LOG.
 */
export class StateFold implements WorkerFold {
  readonly name = 'state';
  readonly limits = { size: 10_000, delayMs: 1_000, maxBytes: 8 * 1024 * 1024 };
  readonly headersOnly = true;
  readonly needsStore = false;
  readonly #parts: StateFoldParts;
  readonly #known = new Map<number, Known>();

  constructor(parts: StateFoldParts) {
    this.#parts = parts;
  }

  async readPosition(partition: number): Promise<FoldPosition | null> {
    const cover = (await this.#parts.digests.cover(partition))?.value;
    // One of an earlier release may stand over digests that are outdated: LOG is folded again.
    const progress = await this.#parts.policy.position(partition);
    if (cover?.lease === undefined) return null;
    const { epoch, below } = cover;
    // LAST may have kept what POLICY lost: its entries are folded again.
    return { epoch, at: Math.min(below - 1, progress?.epoch === epoch ? progress.at : below) };
  }

  async begin({ partition, from, to }: FoldStart, lease: Lease): Promise<void> {
    const { digests, policy, clock } = this.#parts;
    await policy.begin(partition, from);
    const found = await digests.cover(partition);
    demandLatest(found?.value, lease);
    // Over digests of an earlier release LOG is folded again, from its first entry.
    const checked = found?.value.checked ?? found?.revision ?? 0;
    const value = coverFrom(found?.value ?? null, to, { lease: lease.epoch, checked });
    const revision = await this.#writeCover(partition, value, found?.revision ?? 0, lease);
    const known = { cover: { value, revision }, checked, own: 0, forgetAt: clock.now(), past: [] };
    this.#known.set(partition, known);
    await this.#repair(partition, known);
  }

  async apply({ partition, entries }: FoldBatch, lease: Lease): Promise<void> {
    const known = this.#of(partition);
    await this.#parts.policy.look(partition, positionOf(known), lease);
    const voided = await this.#parts.policy.apply(partition, entries);
    if (known.own > 0) await this.#repair(partition, known); // a write of the batch before was perhaps not acknowledged
    const counted = entries.map(entry => (voided.has(entry.offset) ? { ...entry, message: null } : entry));
    const rooms = roomBatches(counted);
    const found = await this.#parts.digests.read(partition, [...rooms.keys()]);
    await this.#parts.policy.tell(partition, counted, found);
    const { first } = await this.#parts.foldLog.state(partition);
    await inWindows([...rooms], async ([room, batch]) => {
      if (lease.signal.aborted) throw new LeaseLost(lease);
      await this.#update(partition, { room, batch, first, found: found.get(room) ?? null });
    });
    this.#parts.written(rooms.size);
  }

  async savePosition(partition: number, position: FoldPosition, lease: Lease): Promise<void> {
    const known = this.#of(partition);
    // Before the cover: it says that POLICY has this.
    const { epoch, at } = await this.#parts.policy.save(partition, position);
    const { checked } = known;
    const value = { ...known.cover.value, epoch, below: at + 1, lease: lease.epoch, checked };
    const revision = await this.#writeCover(partition, value, known.cover.revision, lease);
    known.cover = { value, revision };
    known.own += 1;
    // All sequences since are acknowledged writes of this process: no other wrote.
    if (revision - known.checked === known.own) this.#check(known, revision);
    else await this.#repair(partition, known);
    this.#remember(known, at);
    await this.#forget(partition, known);
  }

  async idle(partition: number, lease: Lease): Promise<void> {
    const known = this.#of(partition);
    await this.#parts.policy.look(partition, positionOf(known), lease);
    const cover = await this.#parts.digests.cover(partition);
    demandLatest(cover?.value, lease);
    if (cover?.revision !== known.cover.revision) throw new Error('another process wrote the cover of LAST');
    await this.#repair(partition, known);
    await this.#forget(partition, known);
  }

  /** Writes again what another process wrote over digests since the last check. */
  async #repair(partition: number, known: Known): Promise<void> {
    const { digests, foldLog, log } = this.#parts;
    for (let more = true; more; ) {
      const since = await digests.since(partition, known.checked);
      const reached = Math.max(known.checked, ...[...since.values()].map(({ revision }) => revision));
      const foreign = [...since].filter(([, { value }]) => !value?.deletions);
      if (foreign.length > 0) {
        const { first } = await foldLog.state(partition);
        const top = known.cover.value.below - 1; // its last entry may be purged: an offset that is too high costs a read
        const batch = { top: Math.max(1, top), deletions: [], countable: 0 };
        await inWindows(foreign, async ([room, found]) => await this.#update(partition, { room, batch, first, found }));
        log.info(
          { partition, rooms: foreign.length },
          'digests that a worker of an earlier release wrote over are restored',
        );
      }
      more = since.size > 0;
      this.#check(known, reached);
    }
  }

  async #update(
    partition: number,
    task: {
      readonly room: string;
      readonly batch: RoomBatch;
      readonly first: number;
      readonly found: Revised<Digest | null> | null;
    },
  ): Promise<void> {
    const { room, batch, first } = task;
    const { digests, erased } = this.#parts;
    const known = this.#of(partition);
    let found = task.found;
    for (let attempt = 1; ; attempt++) {
      const older = await this.#older(partition, room, found, first);
      const done = Math.min(erased(partition, known.cover.value.epoch), this.#oldUpTo(known));
      const digest = digestWith(found?.value ?? null, batch.top, [...older, ...batch.deletions], done);
      const countable = countableWith(found?.value, batch);
      try {
        await digests.write(partition, room, { ...digest, ...countable }, found?.revision ?? 0);
        known.own += 1;
        return;
      } catch (error) {
        if (!(error instanceof DigestTaken) || attempt === ATTEMPTS) throw error;
        found = await digests.readSurely(partition, room); // the replica lagged, or another process wrote
      }
    }
  }

  /** Deletes of a room below the position that its digest does not name. */
  async #older(
    partition: number,
    room: string,
    found: Revised<Digest | null> | null,
    first: number,
  ): Promise<readonly Deletion[]> {
    const { from, below } = this.#of(partition).cover.value;
    const upto = below - 1;
    const digest = found?.value;
    if (digest?.deletions && digest.at === undefined) return [];
    if (found === null && from <= first) return []; // LOG has no entry of the room below the position
    const after = Math.max(digest?.at ?? 0, first - 1);
    if (after >= upto) return [];
    const { deletions, policy } = this.#parts;
    const counting = await policy.counting(room, await deletions({ partition, room, after, upto }));
    return counting.map(({ offset: at, targets }) => ({ at, targets }));
  }

  /** @throws {LeaseLost} if a later holder wrote it */
  async #writeCover(partition: number, cover: Cover, revision: number, lease: Lease): Promise<number> {
    const { digests } = this.#parts;
    if (lease.signal.aborted) throw new LeaseLost(lease);
    try {
      return await digests.writeCover(partition, cover, revision);
    } catch (error) {
      if (!(error instanceof DigestTaken)) throw error;
      const found = await digests.cover(partition);
      demandLatest(found?.value, lease);
      throw error; // of an earlier release, or ours with a lost answer: begins again
    }
  }

  #check(known: Known, upTo: number): void {
    known.checked = upTo;
    known.own = 0;
  }

  #remember(known: Known, offset: number): void {
    const { clock, keptMs } = this.#parts;
    const now = clock.now();
    const { past } = known;
    if (now - (past.at(-1)?.at ?? Number.NEGATIVE_INFINITY) < keptMs / 8) return;
    past.push({ at: now, offset });
    while ((past[1]?.at ?? now) <= now - keptMs) past.shift(); // one that is old enough stays
  }

  /** Offset up to which everything is older than {@link StateFoldParts.keptMs}; 0 if that is not known. */
  #oldUpTo({ past }: Known): number {
    const { clock, keptMs } = this.#parts;
    const since = clock.now() - keptMs;
    return past.findLast(({ at }) => at <= since)?.offset ?? 0;
  }

  async #forget(partition: number, known: Known): Promise<void> {
    const { clock, forget, log } = this.#parts;
    if (clock.now() < known.forgetAt) return;
    known.forgetAt = (clock.now() + FORGET_MS) as Moment;
    try {
      const cover = await forget(partition, known.cover);
      if (!cover) return;
      known.cover = cover;
      known.own += 1;
    } catch (error) {
      const reason = (error as Error).message;
      log.debug({ partition, reason }, 'rooms above the limit of the stream LAST could not be removed; tried again');
    }
  }

  #of(partition: number): Known {
    const known = this.#known.get(partition);
    if (!known) throw new Error(`partition ${partition} was not begun`);
    return known;
  }
}

/** @throws {LeaseLost} if a cover is of a later lease */
function demandLatest(cover: Cover | undefined, lease: Lease): void {
  const later = cover?.lease ?? 0;
  if (later > lease.epoch) throw new LeaseLost(lease, later);
}

/** Position up to which a partition is folded. */
const positionOf = ({ cover: { value } }: Known): FoldPosition => ({ epoch: value.epoch, at: value.below - 1 });

/** Works on items, {@link WINDOW} at the same time. */
async function inWindows<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let start = 0; start < items.length; start += WINDOW)
    await Promise.all(items.slice(start, start + WINDOW).map(work));
}
