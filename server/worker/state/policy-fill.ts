import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { inboxOf } from '../../access/names.ts';
import { roomStateJson } from '../../fold/room-state-json.ts';
import type { MembershipArchive } from '../../membership/archive.ts';
import { COMPLETE, type Complete, type PolicyStore } from '../../membership/policy-store.ts';
import { changeKey, writeRoom } from '../../membership/policy-writes.ts';
import { writeUserRooms } from '../../membership/user-documents.ts';
import { type Clock, type Moment, sleep } from '../../time/clock.ts';
import { Repeats } from '../../time/repeats.ts';
import type { FoldEntry, Lease } from '../fold/fold.ts';
import { inLanes } from './in-lanes.ts';
import type { PolicyFold } from './policy-fold.ts';
import type { RefusedWrites } from './refused-writes.ts';

export interface PolicyFillParts {
  readonly policy: PolicyStore;
  readonly archive: Pick<MembershipArchive, 'allRooms' | 'allUsers'>;
  readonly partitions: number;
  partitionOf(room: string): number;
  /** Calls `work` with all entries that LOG has, in order, until `signal` aborts. */
  replay(partition: number, signal: AbortSignal, work: (entries: readonly FoldEntry[]) => Promise<void>): Promise<void>;
  readonly fold: Pick<PolicyFold, 'apply' | 'rewrite'>;
  readonly writes: Pick<RefusedWrites, 'attempt'>;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly log: Logger;
}

/** Time between two looks for the mark. */
const LOOK_MS = 2_000;
/** Time for which partitions gather that then share the reads of MongoDB: a worker looks at each of its own once a second. */
const GATHER_MS = 2_000;
/** Rooms of one read: each has a state of up to 1 MB. */
const ROOMS_PAGE = 100;
/** Memberships of one read: below 1 MB. */
const MEMBERS_PAGE = 2_000;
/** Writes at the same time: more do not fill faster, and the writes of gateways wait behind them. */
const WRITES = 64;
/** Partitions whose LOG is read at the same time. */
const REPLAYS = 4;
const FILLING = { mark: 'filling' } as const;

type Partitions = ReadonlyMap<number, AbortSignal>;

/**
 * Fills POLICY when it is new or was wiped: with the rooms and users that MongoDB has, and then with the entries of LOG. Each
 * partition is filled by the worker that folds it, beside the fold: its rooms, and the users whose inbox is in it. The partitions of
 * a worker share the reads. Once all partitions are filled, POLICY is complete. A worker that takes a partition over begins it again.
 */
export class PolicyFill {
  readonly #parts: PolicyFillParts;
  readonly #repeats: Repeats;
  readonly #lookAt = new Map<number, Moment>();
  /** Partitions to fill, or being filled, with the signals of their leases. */
  readonly #underway = new Map<number, AbortSignal>();
  #isRunning = false;

  constructor(parts: PolicyFillParts) {
    this.#parts = parts;
    this.#repeats = new Repeats(() => parts.clock.now());
  }

  /** Looks whether the partition has to be filled, from time to time, and begins that. Never rejects. */
  async look(partition: number, lease: Pick<Lease, 'signal'>): Promise<void> {
    const { policy, partitions, clock, log } = this.#parts;
    const now = clock.now();
    if (this.#underway.has(partition) || now < (this.#lookAt.get(partition) ?? now)) return;
    this.#lookAt.set(partition, (now + LOOK_MS) as Moment);
    try {
      if (await policy.read(COMPLETE)) return;
      const done = doneOf((await policy.read(FILLING))?.value);
      // The worker that filled the last partition may have been killed before it wrote the mark.
      if (done.length >= partitions) return await this.#complete();
      if (done.includes(partition)) return;
    } catch (error) {
      log.debug({ partition, reason: (error as Error).message }, 'POLICY could not be looked at; tried again');
      return;
    }
    this.#underway.set(partition, lease.signal);
    if (!this.#isRunning) void this.#run();
  }

  /** Fills what is under way, and what comes meanwhile. Never rejects. */
  async #run(): Promise<void> {
    const { clock, log } = this.#parts;
    this.#isRunning = true;
    await sleep(clock, GATHER_MS);
    while (this.#underway.size > 0) {
      const partitions = new Map(this.#underway);
      try {
        await this.#fill(partitions);
      } catch (error) {
        const reason = (error as Error).message;
        const facts = { partitions: [...partitions.keys()], reason };
        const news = this.#repeats.news(reason);
        if (news) log.warn({ ...facts, ...news }, 'the bucket POLICY could not be filled; tried again');
      }
      for (const partition of partitions.keys()) this.#underway.delete(partition);
    }
    this.#isRunning = false;
  }

  async #fill(partitions: Partitions): Promise<void> {
    const { policy, partitionOf, fold, writes, log } = this.#parts;
    const isOurs = (room: string) => partitions.get(partitionOf(room))?.aborted === false;
    let [rooms, users] = [0, 0];
    await inLanes(this.#rooms(partitions), WRITES, async ([room, state]) => {
      if (!isOurs(room)) return;
      await writes.attempt({ room }, async () => {
        if (!(await policy.write({ room }, roomStateJson(state), 0))) await writeRoom(policy, room, state);
      });
      rooms += 1;
    });
    await inLanes(this.#users(partitions), WRITES, async ([user, all]) => {
      if (!isOurs(inboxOf(user))) return;
      const having = [...all].filter(([, { state }]) => state !== 'left' && state !== 'banned');
      if (having.length > 0)
        await writes.attempt({ user }, async () => await writeUserRooms(policy, user, new Map(having)));
      users += 1;
    });
    await fold.rewrite();
    await inLanes(partitions, REPLAYS, async ([partition, signal]) => await this.#finish(partition, signal));
    log.info(
      { partitions: [...partitions.keys()], rooms, users },
      'the bucket POLICY has the rooms and users of partitions',
    );
  }

  async #finish(partition: number, signal: AbortSignal): Promise<void> {
    const { policy, fold, replay, partitions } = this.#parts;
    await replay(partition, signal, async entries => void (await fold.apply(partition, entries)));
    if (signal.aborted) return;
    let done: readonly number[] = [];
    await changeKey(policy, FILLING, value => {
      done = [...new Set([...doneOf(value), partition])];
      return { done };
    });
    if (done.length >= partitions) await this.#complete();
  }

  async #complete(): Promise<void> {
    const epoch: Complete = { epoch: randomUUID() };
    await changeKey(this.#parts.policy, COMPLETE, value => (value === null ? epoch : null));
  }

  async *#rooms(partitions: Partitions) {
    for (let after = ''; isWanted(partitions); ) {
      const page = await this.#parts.archive.allRooms(after, ROOMS_PAGE);
      const last = page.at(-1);
      if (!last) return;
      after = last[0];
      yield* page;
    }
  }

  async *#users(partitions: Partitions) {
    for (let after = ''; isWanted(partitions); ) {
      const page = await this.#parts.archive.allUsers(after, MEMBERS_PAGE);
      const last = page.at(-1);
      if (!last) return;
      after = last[0];
      yield* page;
    }
  }
}

/** True while this worker has the lease of one of the partitions. */
const isWanted = (partitions: Partitions): boolean => [...partitions.values()].some(({ aborted }) => !aborted);

/** Partitions that are filled. */
function doneOf(value: unknown): readonly number[] {
  const { done } = (value ?? {}) as { readonly done?: unknown };
  return Array.isArray(done) ? done.filter(each => Number.isSafeInteger(each)) : [];
}
