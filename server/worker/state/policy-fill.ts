import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { FILLED, type Filled, NOT_FILLED, readFilled } from '../../membership/policy-filled.ts';
import type { PolicyProgress } from '../../membership/policy-progress.ts';
import type { PolicyEntry } from '../../membership/policy-store.ts';
import { changeKey } from '../../membership/policy-writes.ts';
import { type Clock, type Moment, sleep } from '../../time/clock.ts';
import { Repeats } from '../../time/repeats.ts';
import type { FoldPosition, Lease } from '../fold/fold.ts';
import { type PassTask, PolicyPass, type PolicyPassParts } from './policy-pass.ts';
import type { PolicyPosition } from './policy-position.ts';

export interface PolicyFillParts extends PolicyPassParts {
  readonly position: Pick<PolicyPosition, 'known' | 'read' | 'take' | 'write'>;
  readonly partitions: number;
  /** Reads the position of the fold `views` of a partition: MongoDB has the rooms and users of the log up to it; null for none. */
  archived(partition: number): Promise<FoldPosition | null>;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly logger: Logger;
}

/** Time between two looks for the mark, and for an epoch that has begun. */
const LOOK_MS = 2_000;
/** Age up to which a known value of {@link FILLED} tells what LOG is to keep. */
const KNOWN_MS = 1_000;
/** Time for which partitions gather that then share the reads of MongoDB: a worker looks at each of its own once a second. */
const GATHER_MS = 2_000;

interface Task extends PassTask {
  /** Id of the filling; empty for a partition that is brought into an epoch. */
  readonly filling: string;
}

/**
 * Fills POLICY when it is new or was wiped, and brings it into a new epoch of LOG, with the rooms and users that MongoDB has. Each
 * partition is done by the worker that folds it, beside the fold; the partitions of a worker share the reads. After that POLICY
 * has a progress of the epoch, and once all partitions are filled it is complete: until then gateways ask MongoDB too. A worker
 * that takes a partition over begins it again.
 */
export class PolicyFill {
  readonly #parts: PolicyFillParts;
  readonly #repeats: Repeats;
  readonly #lookAt = new Map<number, Moment>();
  /** Time of the next attempt to begin a filling: it reads the positions of all partitions. */
  #beginAt: Moment | null = null;
  /** Partitions that wait for a pass, or are in one. */
  readonly #underway = new Map<number, Task>();
  /** Partitions whose pass is done, until the next look notes that. */
  readonly #done = new Map<number, Task>();
  #isRunning = false;
  #known: { readonly filled: Filled; readonly at: Moment } | null = null;

  constructor(parts: PolicyFillParts) {
    this.#parts = parts;
    this.#repeats = new Repeats(() => parts.clock.now());
  }

  /**
   * Looks from time to time whether the partition has to be filled or brought into an epoch, begins that, and notes when it is done.
   * Never rejects. Only for the holder of the lease, between two batches.
   * @param folded position of the fold
   */
  async look(partition: number, folded: FoldPosition, { signal }: Pick<Lease, 'signal'>): Promise<void> {
    const { clock, logger } = this.#parts;
    const now = clock.now();
    if (this.#underway.has(partition) || now < (this.#lookAt.get(partition) ?? now)) return;
    this.#lookAt.set(partition, (now + LOOK_MS) as Moment);
    try {
      const task = await this.#next(partition, folded, signal);
      if (!task) return;
      this.#underway.set(partition, task);
    } catch (error) {
      logger.debug({ partition, reason: (error as Error).message }, 'POLICY could not be looked at; tried again');
      return;
    }
    if (!this.#isRunning) void this.#run();
  }

  /**
   * Reads up to where POLICY has the log of a partition; null for nothing that is known. LOG keeps what follows: for a partition that is
   * yet to be filled, what MongoDB lacked when the filling began, also if it has a progress: of a filling before, or of a bucket that was
   * wiped just before the write.
   */
  async reached(partition: number): Promise<PolicyProgress | null> {
    const [progress, { from, done, complete }] = await Promise.all([
      this.#parts.position.read(partition),
      this.#filled(),
    ]);
    const start = complete || done.includes(partition) ? null : (from[partition] ?? null);
    if (!progress || !start) return progress ?? start;
    return progress.epoch === start.epoch && start.at < progress.at ? start : progress;
  }

  /** Reads the value of {@link FILLED}, up to a second old: every worker asks every few seconds for each partition. */
  async #filled(): Promise<Filled> {
    const { clock, policy } = this.#parts;
    const known = this.#known;
    if (known && clock.now() - known.at < KNOWN_MS) return known.filled;
    const at = clock.now();
    const filled = readFilled((await policy.read(FILLED))?.value);
    this.#known = { filled, at };
    return filled;
  }

  /** Notes a pass that is done. @returns the task of the next one; null for none */
  async #next(partition: number, folded: FoldPosition, signal: AbortSignal): Promise<Task | null> {
    const { policy, position, log, archived } = this.#parts;
    const done = this.#done.get(partition);
    this.#done.delete(partition);
    if (done?.signal === signal && done.epoch === folded.epoch) {
      await this.#note(partition, folded, done);
      return null;
    }
    const found = await policy.read(FILLED);
    const { complete, done: filled } = readFilled(found?.value);
    const known = position.known(partition);
    if (complete ? known?.epoch === folded.epoch : filled.includes(partition)) return null;
    const { epoch, from, first } = await log.state(partition);
    if (epoch !== folded.epoch) return null;
    const about = { signal, epoch, from, sure: known?.at ?? 0 };
    if (!complete) {
      const filling = await this.#filling(found, partition, first);
      return filling && { ...about, fills: true, filling: filling.id, archived: filling.from[partition]?.at ?? 0 };
    }
    if (from <= 1) {
      await position.write(partition, folded); // nothing was before the first epoch
      return null;
    }
    const has = await archived(partition);
    // What LOG lost is perhaps among the messages in MongoDB alone, and not in the views yet.
    if (has?.epoch !== epoch || has.at < from - 1) return null;
    return { ...about, fills: false, filling: '', archived: has.at };
  }

  /**
   * Returns the filling that goes on, or begins one: the first after a wipe, or another one if LOG does not have any more what MongoDB
   * lacked when it began. All partitions then begin again: one that is filled may lack what an entry of the other says about its users.
   * @returns null if none can begin now
   */
  async #filling(found: PolicyEntry | null, partition: number, first: number): Promise<Filled | null> {
    const { clock, policy } = this.#parts;
    const filled = readFilled(found?.value);
    const upto = filled.from[partition]?.at ?? -1;
    if (filled.id !== '' && first <= upto + 1) return filled;
    const now = clock.now();
    if (now < (this.#beginAt ?? now)) return null;
    this.#beginAt = (now + LOOK_MS) as Moment;
    const from = await this.#archived();
    if (!from) return null;
    const next: Filled = { ...NOT_FILLED, id: randomUUID(), from };
    return (await policy.write(FILLED, next, found?.revision ?? 0)) ? next : null;
  }

  /** Positions up to which MongoDB has the logs of all partitions; null while it lacks what a LOG does not have either. */
  async #archived(): Promise<readonly PolicyProgress[] | null> {
    const { log, archived, partitions } = this.#parts;
    const from: PolicyProgress[] = [];
    for (let partition = 0; partition < partitions; partition++) {
      const [{ epoch, first }, found] = await Promise.all([log.state(partition), archived(partition)]);
      const at = found?.epoch === epoch ? found.at : 0;
      if (at < first - 1) return null;
      from.push({ epoch, at });
    }
    return from;
  }

  /** Writes that a partition is done: the progress first, so that POLICY is not complete without one. */
  async #note(partition: number, folded: FoldPosition, { fills, filling: id }: Task): Promise<void> {
    const { policy, position, partitions } = this.#parts;
    if (!fills) return await position.write(partition, folded);
    if (readFilled((await policy.read(FILLED))?.value).id !== id) return; // wiped meanwhile: filled again
    await position.take(partition, null); // the one before was wiped
    await position.write(partition, folded);
    await changeKey(policy, FILLED, (value): Filled | null => {
      const filled = readFilled(value);
      if (filled.id !== id) return null;
      const done = [...new Set([...filled.done, partition])];
      return { ...filled, done, complete: done.length >= partitions };
    });
  }

  /** Makes passes for what is under way, and for what comes meanwhile. Never rejects. */
  async #run(): Promise<void> {
    this.#isRunning = true;
    await sleep(this.#parts.clock, GATHER_MS);
    while (this.#underway.size > 0) {
      const tasks = new Map(this.#underway);
      await this.#pass(tasks).catch((error: Error) => this.#failed([...tasks.keys()], error));
      for (const partition of tasks.keys()) this.#underway.delete(partition);
    }
    this.#isRunning = false;
  }

  async #pass(tasks: ReadonlyMap<number, Task>): Promise<void> {
    const pass = new PolicyPass(this.#parts, tasks);
    const done = await pass.run();
    for (const partition of done) {
      const task = tasks.get(partition);
      if (task) this.#done.set(partition, task);
    }
    for (const [partition, error] of pass.problems) this.#failed([partition], error);
    const { rooms, users, snapshots } = pass;
    const facts = { partitions: done, rooms, users, snapshots };
    if (done.length > 0) this.#parts.logger.info(facts, 'the bucket POLICY has the rooms and users of partitions');
  }

  #failed(partitions: readonly number[], { message: reason }: Error): void {
    const news = this.#repeats.news(reason);
    const facts = { partitions, reason, ...news };
    if (news) this.#parts.logger.warn(facts, 'the bucket POLICY could not be filled from MongoDB; tried again');
  }
}
