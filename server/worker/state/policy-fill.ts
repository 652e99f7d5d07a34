import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { MembershipArchive } from '../../membership/archive.ts';
import { COMPLETE, type Complete, type PolicyStore } from '../../membership/policy-store.ts';
import { changeKey, writeRoom } from '../../membership/policy-writes.ts';
import { writeUserRoom } from '../../membership/user-documents.ts';
import type { Clock, Moment } from '../../time/clock.ts';
import type { FoldEntry, Lease } from '../fold/fold.ts';
import type { PolicyFold } from './policy-fold.ts';

export interface PolicyFillParts {
  readonly policy: PolicyStore;
  readonly archive: Pick<MembershipArchive, 'allRooms' | 'allMembers'>;
  readonly partitions: number;
  partitionOf(room: string): number;
  /** Calls `work` with all entries that LOG has, in order, until `signal` aborts. */
  replay(partition: number, signal: AbortSignal, work: (entries: readonly FoldEntry[]) => Promise<void>): Promise<void>;
  readonly fold: Pick<PolicyFold, 'apply' | 'rewrite'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Logger;
}

/** Time between two looks for the mark. */
const LOOK_MS = 2_000;
const PAGE = 500;
const FILLING = { mark: 'filling' } as const;

/**
 * Fills POLICY when it is new or was wiped: with the rooms and members that MongoDB has, and then with the entries of LOG. Each
 * partition is filled by the worker that folds it, beside the fold; once all are, POLICY is complete.
 */
export class PolicyFill {
  readonly #parts: PolicyFillParts;
  readonly #lookAt = new Map<number, Moment>();
  readonly #underway = new Set<number>();

  constructor(parts: PolicyFillParts) {
    this.#parts = parts;
  }

  /** Looks whether the partition has to be filled, from time to time, and begins that. Never rejects. */
  async look(partition: number, lease: Pick<Lease, 'signal'>): Promise<void> {
    const { policy, clock, log } = this.#parts;
    const now = clock.now();
    if (this.#underway.has(partition) || now < (this.#lookAt.get(partition) ?? now)) return;
    this.#lookAt.set(partition, (now + LOOK_MS) as Moment);
    try {
      if (await policy.read(COMPLETE)) return;
      const filling = await policy.read(FILLING);
      if (doneOf(filling?.value).includes(partition)) return;
    } catch (error) {
      log.debug({ partition, reason: (error as Error).message }, 'POLICY could not be read; tried again');
      return;
    }
    this.#underway.add(partition);
    void this.#fill(partition, lease.signal)
      .catch((error: unknown) => {
        const reason = (error as Error).message;
        log.warn({ partition, reason }, 'the bucket POLICY could not be filled; tried again');
      })
      .finally(() => this.#underway.delete(partition));
  }

  async #fill(partition: number, signal: AbortSignal): Promise<void> {
    const { policy, fold, replay, partitions, log } = this.#parts;
    const rooms = await this.#fillRooms(partition, signal);
    if (partition === 0) await this.#fillUsers(signal);
    await fold.rewrite();
    await replay(partition, signal, async entries => void (await fold.apply(partition, entries)));
    if (signal.aborted) return;
    let done: readonly number[] = [];
    await changeKey(policy, FILLING, value => {
      done = [...new Set([...doneOf(value), partition])];
      return { done };
    });
    log.info({ partition, rooms }, 'the bucket POLICY has the rooms of a partition');
    const epoch: Complete = { epoch: randomUUID() };
    if (done.length >= partitions) await changeKey(policy, COMPLETE, value => (value === null ? epoch : null));
  }

  async #fillRooms(partition: number, signal: AbortSignal): Promise<number> {
    const { policy, archive, partitionOf } = this.#parts;
    let count = 0;
    for (let after = ''; !signal.aborted; ) {
      const page = await archive.allRooms(after, PAGE);
      for (const [room, state] of page) {
        if (partitionOf(room) !== partition) continue;
        await writeRoom(policy, room, state);
        count += 1;
      }
      const last = page.at(-1);
      if (!last) break;
      after = last[0];
    }
    return count;
  }

  /** Documents of all users: rooms of one user are in many partitions. */
  async #fillUsers(signal: AbortSignal): Promise<void> {
    const { policy, archive } = this.#parts;
    for (let after = ''; !signal.aborted; ) {
      const page = await archive.allMembers(after, PAGE);
      for (const { room, user, known } of page)
        if (known.state !== 'left' && known.state !== 'banned') await writeUserRoom(policy, user, room, known);
      const last = page.at(-1);
      if (!last) break;
      after = last.place;
    }
  }
}

/** Partitions that are filled. */
function doneOf(value: unknown): readonly number[] {
  const { done } = (value ?? {}) as { readonly done?: unknown };
  return Array.isArray(done) ? done.filter(each => Number.isSafeInteger(each)) : [];
}
