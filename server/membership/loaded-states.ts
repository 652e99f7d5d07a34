import { foldControl } from '../fold/control-fold.ts';
import { NO_ROOM, type RoomState } from '../fold/room-state.ts';
import { readRoomState } from '../fold/room-state-json.ts';
import { itemsOf, MOST_ITEMS } from '../fold/state-items.ts';
import { controlOf } from '../room/control-lane.ts';
import { StoreUnavailable } from '../room/history-store.ts';
import { ReadFailed, type RoomLog } from '../room/log.ts';
import { shareStarting } from '../room/share-starting.ts';
import type { Moment, WallTime } from '../time/clock.ts';
import type { RoomArchive } from './archive.ts';
import { droppedUsers } from './dropped-users.ts';
import { higher } from './highest-state.ts';
import type { PolicyBatch } from './policy-batch.ts';
import type { Covered } from './policy-progress.ts';
import type { PolicyStore } from './policy-store.ts';
import { isLater, writeRoom } from './policy-writes.ts';
import { Recent } from './recent.ts';
import type { RoomStates } from './room-states.ts';
import { snapshotOf } from './snapshot.ts';
import { userRoomOf, writeUserRoom } from './user-documents.ts';

/** A room that is open on this gateway. */
export interface OpenRoom {
  /** State after every control entry up to {@link latest}, perhaps with later ones. */
  readonly state: RoomState;
  readonly latest: number;
}

export interface LoadedStatesOptions {
  readonly policy: PolicyStore;
  /** Reads of {@link policy} that may share requests. */
  readonly batch: Pick<PolicyBatch, 'read'>;
  readonly log: Pick<RoomLog, 'top' | 'next' | 'readAfter' | 'state' | 'partitionOf' | 'publish'>;
  /** Reads the offset of a room's last message or one above it, see {@link Place.top}. */
  readonly top: (room: string) => Promise<number>;
  readonly archive: RoomArchive;
  /** Reads how much of the log of a room's partition POLICY has. Never rejects. */
  readonly covered: (room: string) => Promise<Covered>;
  readonly openRoom: (room: string) => OpenRoom | undefined;
  /** True for a room that exists without an entry: it stays usable while POLICY cannot tell what its staff did. */
  readonly isOpenKind: (room: string) => boolean;
  readonly now: () => Moment;
  readonly wallClock: () => WallTime;
  /** Called when LOG ends below the last act on a room: LOG lost its last entries. */
  readonly lost: (room: string, epoch: string, offset: number) => void;
  /** Called with an error of a write that the worker repeats. */
  readonly unwritten: (room: string, error: unknown) => void;
}

/** Age up to which a state of a room that is not open here is used. */
const AGE_MS = 10_000;
/** Documents that are written at the same time. */
const WRITES = 32;
/**
 * Users for whose documents an act waits: those whom one call names, and its caller. The end of a room concerns up to 1,000, and is
 * decided once the room is written.
 */
const MOST_AWAITED = 101;
/** Entries of one read of LOG. */
const PAGE = 1_000;
/** Snapshots that one act waits for. A second one is needed only if LOG loses the first. */
const SNAPSHOTS = 3;

/** A state with the offset up to which it has every control entry. */
interface Known {
  readonly state: RoomState;
  readonly upto: number;
}

/** States of the rooms of a gateway: of open rooms from the rooms themselves, of others from POLICY and LOG. */
export class LoadedStates implements RoomStates {
  readonly #options: LoadedStatesOptions;
  readonly #recent: Recent<Known>;
  readonly #loads = new Map<string, Promise<RoomState>>();
  readonly #fresh = shareStarting((room: string) => this.#readFresh(room));
  /** Epochs of the partitions, as far as they are known. */
  readonly #epochs = new Map<number, string>();

  constructor(options: LoadedStatesOptions) {
    this.#options = options;
    this.#recent = new Recent(AGE_MS, options.now, { of: ({ state }) => itemsOf(state), most: MOST_ITEMS });
  }

  current(room: string): RoomState | Promise<RoomState> {
    const open = this.#options.openRoom(room);
    if (open) return later(open.state, this.#recent.last(room)?.state);
    return this.#recent.get(room)?.state ?? this.#shared(room);
  }

  /** Last known state, of any age; undefined for none. */
  known(room: string): RoomState | undefined {
    const recent = this.#recent.last(room)?.state;
    const open = this.#options.openRoom(room);
    return open ? later(open.state, recent) : recent;
  }

  upTo(room: string, offset: number): RoomState | Promise<RoomState> {
    const open = this.#options.openRoom(room);
    const recent = this.#recent.last(room);
    if (open && open.latest >= offset) return later(open.state, recent?.state);
    return recent && recent.upto >= offset ? recent.state : this.fresh(room);
  }

  fresh(room: string): Promise<RoomState> {
    return this.#fresh(room);
  }

  async #readFresh(room: string): Promise<RoomState> {
    const { log, now, openRoom } = this.#options;
    const at = now();
    await this.#covered(room);
    const top = await log.top(room);
    const open = openRoom(room);
    const recent = this.#recent.get(room);
    const known = open ? { state: later(open.state, recent?.state), upto: open.latest } : recent;
    const state = known
      ? await this.#scan(room, known.state, known.upto, top)
      : await this.load(room, Promise.resolve(top));
    return this.#keep(room, { state, upto: top }, at);
  }

  /** Loads a state with every control entry up to an offset. Rejects as {@link fresh} does. */
  async load(room: string, top: Promise<number>): Promise<RoomState> {
    // Read before POLICY, so that it never claims what POLICY lacks.
    const covered = await this.#covered(room);
    const recent = this.#recent.get(room);
    if (recent && recent.upto >= (await top)) return recent.state; // it was loaded for the rights of the one who opens the room
    const [{ state, isArchived }, upto] = await Promise.all([this.#stored(room, covered.whole), top]);
    return await this.#scan(room, state, isArchived ? state.at : Math.max(state.at, covered.at), upto);
  }

  async renewed(room: string): Promise<RoomState> {
    const { log, wallClock } = this.#options;
    for (let attempt = 1; attempt <= SNAPSHOTS; attempt++) {
      const state = await this.fresh(room);
      if (state.cv === 0 || state.deleted || !(await this.#isLost(room, state))) return state;
      const { body, envelope } = snapshotOf(room, await this.#highest(room, state), wallClock());
      await log.publish(room, body, envelope);
    }
    throw new ReadFailed(`the stream of ${room} loses its entries`);
  }

  async committed(room: string, state: RoomState, users: readonly string[]): Promise<void> {
    const { policy, now, unwritten } = this.#options;
    this.#keep(room, { state, upto: state.at }, now());
    try {
      const latest = await writeRoom(policy, room, state);
      const written = this.#writeUsers(room, latest, users);
      if (users.length <= MOST_AWAITED) await written;
      else written.catch((error: unknown) => unwritten(room, error));
    } catch (error) {
      unwritten(room, error);
    }
  }

  async #writeUsers(room: string, state: RoomState, users: readonly string[]): Promise<void> {
    const rest = users.values();
    const lane = async () => {
      for (const user of rest) {
        const next = userRoomOf(state, user);
        if (next) await writeUserRoom(this.#options.policy, user, room, next);
      }
    };
    await Promise.all(Array.from({ length: Math.min(WRITES, users.length) }, lane));
  }

  #keep(room: string, { state, upto }: Known, at: Moment): RoomState {
    const last = this.#recent.last(room);
    if (last && !isLater(state, last.state)) {
      this.#recent.set(room, { state: last.state, upto: Math.max(upto, last.upto) }, at);
      return last.state;
    }
    this.#recent.set(room, { state, upto }, at);
    return state;
  }

  #shared(room: string): Promise<RoomState> {
    const underway = this.#loads.get(room);
    if (underway) return underway;
    const at = this.#options.now();
    const top = this.#options.top(room);
    const load = Promise.all([this.load(room, top), top])
      .then(([state, upto]) => this.#keep(room, { state, upto }, at))
      .finally(() => this.#loads.delete(room));
    this.#loads.set(room, load);
    return load;
  }

  /** See {@link LoadedStatesOptions.covered}. With another epoch, states in memory may be of entries that were lost: they are dropped. */
  async #covered(room: string): Promise<Covered> {
    const covered = await this.#options.covered(room);
    const partition = this.#options.log.partitionOf(room);
    const before = this.#epochs.get(partition);
    if (covered.epoch !== '') this.#epochs.set(partition, covered.epoch);
    if (before !== undefined && before !== this.#epochs.get(partition)) this.#recent.clear();
    return covered;
  }

  /**
   * True if LOG does not have the entry of a room's version any more, although it was not purged.
   * @throws {ReadFailed} while LOG ends below it: acts would reuse its offsets. A worker gives LOG another epoch.
   */
  async #isLost(room: string, { at }: RoomState): Promise<boolean> {
    const { log, lost } = this.#options;
    const top = await log.top(room); // before the state: what is purged in between is below `first`
    const { epoch, from, first, last } = await log.state(log.partitionOf(room));
    if (at < from) return true;
    if (at > last) {
      lost(room, epoch, at);
      throw new ReadFailed(`LOG ends at offset ${last}, below the last act on ${room}`);
    }
    return top > 0 ? top < at : first <= at;
  }

  /** Highest version of a room that is known anywhere, the given one where others have the same, with the documents of whom it dropped. */
  async #highest(room: string, known: RoomState): Promise<RoomState> {
    const { policy, archive } = this.#options;
    const { whole } = await this.#covered(room);
    const [stored, archived] = await Promise.all([policy.read({ room }), whole ? null : archive.room(room)]);
    const others = [readRoomState(stored?.value), archived].filter(each => each !== null);
    const latest = others.reduce<RoomState>(higher, known);
    for (const [user, next] of droppedUsers(others, latest)) await writeUserRoom(policy, user, room, next);
    return latest;
  }

  /** State of a room in POLICY, or in MongoDB while POLICY may lack it. */
  async #stored(room: string, whole: boolean): Promise<{ readonly state: RoomState; readonly isArchived: boolean }> {
    const { batch, archive, isOpenKind } = this.#options;
    let state: RoomState | null = null;
    try {
      const found = await batch.read({ room });
      state = found === 'absent' ? NO_ROOM : found === 'unknown' ? null : readRoomState(found.value);
      if (state && whole) return { state, isArchived: false };
      return { state: higher(state ?? NO_ROOM, await archive.room(room)), isArchived: true };
    } catch (error) {
      // A channel stays usable without its staff's acts; beside workers of the release before there are none.
      const isAway = error instanceof ReadFailed || error instanceof StoreUnavailable;
      if (isAway && isOpenKind(room)) return { state: state ?? NO_ROOM, isArchived: false };
      throw error;
    }
  }

  /** Folds the control entries of LOG above `after`, up to `upto`. */
  async #scan(room: string, from: RoomState, after: number, upto: number): Promise<RoomState> {
    const { log } = this.#options;
    let state = from;
    for (let reached = after; reached < upto; ) {
      const page = await log.readAfter(room, reached, PAGE);
      for (const message of page.messages) {
        const entry = controlOf(message);
        if (entry) state = foldControl(state, entry);
      }
      if (page.reached === reached) {
        const next = await log.next(room, reached);
        if (next === 0 || next > upto) break; // purged
        throw new ReadFailed(`a replica of the stream of ${room} lags`);
      }
      reached = page.reached;
    }
    return state;
  }
}

const later = (state: RoomState, other: RoomState | undefined): RoomState =>
  other && isLater(other, state) ? other : state;
