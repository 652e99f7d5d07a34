import { inboxOf } from '../../access/names.ts';
import type { FoldLogState } from '../../bus/fold-log.ts';
import { pairUsers } from '../../fold/pair.ts';
import { NO_ROOM, type RoomState } from '../../fold/room-state.ts';
import { roomStateJson } from '../../fold/room-state-json.ts';
import type { GivenSettings } from '../../fold/user-settings.ts';
import type { ArchivedPair, MembershipArchive, PairPages } from '../../membership/archive.ts';
import { writePair, writeRoom, writeSettings } from '../../membership/policy-writes.ts';
import type { UserRoom } from '../../membership/room-states.ts';
import type { SettingsPages } from '../../membership/user-archive.ts';
import { writeUserRooms } from '../../membership/user-documents.ts';
import type { FoldEntry } from '../fold/fold.ts';
import { allPairs, allRooms, allSettings, allUsers } from './archive-walk.ts';
import { inLanes } from './in-lanes.ts';
import type { PolicyFold } from './policy-fold.ts';
import { type NewEpoch, type TakeOverParts, takeOver } from './take-over.ts';

/** One partition of a pass. */
export interface PassTask extends NewEpoch {
  /** True to fill POLICY, false to bring it into the epoch. */
  readonly fills: boolean;
  /** Signal of the lease. */
  readonly signal: AbortSignal;
  /** Epoch of LOG, read before MongoDB. */
  readonly epoch: string;
  /** Offset up to which MongoDB had the log before it was read. */
  readonly archived: number;
}

export type PassTasks = ReadonlyMap<number, PassTask>;

export interface PolicyPassParts extends TakeOverParts {
  readonly archive: Pick<MembershipArchive, 'room' | 'allRooms' | 'allUsers'>;
  /** Calls `work` with the names of all rooms that POLICY has, page by page. */
  policyRooms(work: (rooms: readonly string[]) => Promise<void>): Promise<void>;
  readonly pairs: PairPages;
  readonly settings: SettingsPages;
  readonly log: TakeOverParts['log'] & {
    state(partition: number): Promise<Pick<FoldLogState, 'epoch' | 'from' | 'first'>>;
    partitionOf(room: string): number;
  };
  /** Calls `work` with all entries that LOG has, in order, until `signal` aborts. */
  replay(partition: number, signal: AbortSignal, work: (entries: readonly FoldEntry[]) => Promise<void>): Promise<void>;
  readonly fold: Pick<PolicyFold, 'apply' | 'rewrite'>;
}

/** Writes at the same time: more do not fill faster, and the writes of gateways wait behind them. */
const WRITES = 64;
/** Partitions whose LOG is read at the same time. */
const REPLAYS = 4;

/**
 * One pass over all that MongoDB has, which partitions share. For a partition that is filled it writes the rooms of the partition and the
 * users whose inbox is in it, and then what LOG says. For one that has a new epoch it compares the rooms, and writes the users whose
 * inbox or rooms are in it: own joins, and members of large rooms, are in no state of a room. Pairs of users go with the inboxes of
 * both, and settings with the inbox of their user.
 */
export class PolicyPass {
  readonly #parts: PolicyPassParts;
  readonly #tasks: PassTasks;
  /** Rooms that MongoDB has, of partitions that are brought into an epoch: some 100 bytes each. */
  readonly #archived = new Set<string>();
  /** Partitions whose LOG failed: the others go on. */
  readonly problems = new Map<number, Error>();
  rooms = 0;
  users = 0;
  snapshots = 0;

  constructor(parts: PolicyPassParts, tasks: PassTasks) {
    this.#parts = parts;
    this.#tasks = tasks;
  }

  /**
   * Makes the pass. Rejects if POLICY or MongoDB does not answer.
   * @returns partitions that are done: not those with problems, with an aborted signal, or with another epoch by now
   */
  async run(): Promise<readonly number[]> {
    const { archive, pairs, settings, fold, log } = this.#parts;
    const isWanted = () => this.#open().length > 0;
    await inLanes(allRooms(archive, isWanted), WRITES, async ([room, state]) => await this.#room(room, state));
    if (this.#open().some(([, { fills }]) => !fills)) await this.#policyRooms();
    await inLanes(allUsers(archive, isWanted), WRITES, async ([user, rooms]) => await this.#user(user, rooms));
    await inLanes(allPairs(pairs, isWanted), WRITES, async ([, pair]) => await this.#pair(pair));
    await inLanes(allSettings(settings, isWanted), WRITES, async ([user, given]) => await this.#settings(user, given));
    const filled = this.#open().filter(([, { fills }]) => fills);
    if (filled.length > 0) await fold.rewrite();
    await inLanes(
      filled,
      REPLAYS,
      async ([partition, task]) => await this.#attempt(partition, async () => await this.#replay(partition, task)),
    );
    const done: number[] = [];
    for (const [partition, { epoch }] of this.#open())
      await this.#attempt(partition, async () => {
        if ((await log.state(partition)).epoch === epoch) done.push(partition);
      });
    return done;
  }

  /** Folds what LOG has. Rejects if entries that MongoDB perhaps lacked were purged before they were read. */
  async #replay(partition: number, { signal, archived }: PassTask): Promise<void> {
    const { replay, fold, log } = this.#parts;
    let reached = archived;
    const demandNext = async () => {
      const { first } = await log.state(partition);
      if (first > reached + 1) throw new Error(`LOG was purged up to offset ${first - 1} while MongoDB was read`);
    };
    await replay(partition, signal, async entries => {
      await demandNext();
      await fold.apply(partition, entries);
      reached = Math.max(reached, entries.at(-1)?.offset ?? 0);
    });
    await demandNext();
  }

  async #room(room: string, state: RoomState): Promise<void> {
    const { policy, writes, log } = this.#parts;
    const partition = log.partitionOf(room);
    const task = this.#task(partition);
    if (!task) return;
    this.rooms += 1;
    if (task.fills)
      return await writes.attempt({ room }, async () => {
        if (!(await policy.write({ room }, roomStateJson(state), 0))) await writeRoom(policy, room, state);
      });
    this.#archived.add(room);
    await this.#takeOver(partition, room, state, task);
  }

  /** Takes over rooms that POLICY alone has: MongoDB and LOG lost them. */
  async #policyRooms(): Promise<void> {
    const { policyRooms, log } = this.#parts;
    await policyRooms(async rooms => {
      await inLanes(rooms, WRITES, async room => {
        const partition = log.partitionOf(room);
        const task = this.#task(partition);
        if (task && !task.fills && !this.#archived.has(room)) await this.#takeOver(partition, room, NO_ROOM, task);
      });
    });
  }

  async #takeOver(partition: number, room: string, state: RoomState, task: PassTask): Promise<void> {
    await this.#attempt(partition, async () => {
      if (await takeOver(this.#parts, room, state, task)) this.snapshots += 1;
    });
  }

  async #user(user: string, all: ReadonlyMap<string, UserRoom>): Promise<void> {
    const { policy, writes, log } = this.#parts;
    const isOurs = this.#task(log.partitionOf(inboxOf(user))) !== undefined;
    // With those that the user has left: LOG may have a join that had not seen the kick, and not the kick any more.
    const rooms = [...all].filter(([room]) => isOurs || this.#task(log.partitionOf(room))?.fills === false);
    if (isOurs) this.users += 1;
    if (rooms.length > 0)
      await writes.attempt({ user }, async () => await writeUserRooms(policy, user, new Map(rooms)));
  }

  /** Acts of each of two users are merged: those that POLICY or LOG lost come back, and no later one is replaced. */
  async #pair({ owner, other, pair }: ArchivedPair): Promise<void> {
    const { policy, writes, log } = this.#parts;
    if (!this.#task(log.partitionOf(inboxOf(owner)))) return;
    await writes.attempt({ user: owner }, async () => void (await writePair(policy, pairUsers(owner, other), pair)));
  }

  /** Settings are merged as acts of pairs are. */
  async #settings(user: string, given: GivenSettings): Promise<void> {
    const { policy, writes, log } = this.#parts;
    if (Object.keys(given).length === 0 || !this.#task(log.partitionOf(inboxOf(user)))) return;
    await writes.attempt({ user }, async () => await writeSettings(policy, user, given));
  }

  async #attempt(partition: number, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.problems.set(partition, error as Error);
    }
  }

  #open(): readonly (readonly [number, PassTask])[] {
    return [...this.#tasks].filter(([partition]) => this.#task(partition));
  }

  /** Task of a partition, while it goes on. */
  #task(partition: number): PassTask | undefined {
    const task = this.#tasks.get(partition);
    return task?.signal.aborted || this.problems.has(partition) ? undefined : task;
  }
}
