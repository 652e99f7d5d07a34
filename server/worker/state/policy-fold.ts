import { inboxUser, isInbox } from '../../access/names.ts';
import { type ControlEntry, readControl } from '../../fold/control.ts';
import { foldControl } from '../../fold/control-fold.ts';
import { isDirect } from '../../fold/direct.ts';
import { noticeOf } from '../../fold/membership-notice.ts';
import { isCut, NO_ROOM, type RoomState, type Written } from '../../fold/room-state.ts';
import { readRoomState } from '../../fold/room-state-json.ts';
import { itemsOf, MOST_ITEMS } from '../../fold/state-items.ts';
import { readSettingsEntry } from '../../fold/user-settings.ts';
import type { RoomArchive } from '../../membership/archive.ts';
import { droppedUsers } from '../../membership/dropped-users.ts';
import { highestState, type StateSources } from '../../membership/highest-state.ts';
import type { PolicyStore } from '../../membership/policy-store.ts';
import { isLater, writeRoom, writeSettings } from '../../membership/policy-writes.ts';
import type { UserRoom } from '../../membership/room-states.ts';
import { snapshotOf } from '../../membership/snapshot.ts';
import { userRoomAfter, userRoomByOwn, userRoomOf, writeUserRoom } from '../../membership/user-documents.ts';
import { BoundedMap } from '../../room/bounded-map.ts';
import type { LoggedMessage } from '../../room/history-store.ts';
import { dataOf } from '../../room/message.ts';
import { readOwnMembership } from '../../room/room-changes.ts';
import type { WallTime } from '../../time/clock.ts';
import type { FoldEntry } from '../fold/fold.ts';
import { concernedBy, usersOf } from './concerned-users.ts';
import { ContactFold } from './contact-fold.ts';
import { DirectBlocks } from './direct-blocks.ts';
import { inLanes } from './in-lanes.ts';
import { counts, isGap } from './in-order.ts';
import { Notices, type NoticesParts, storedAtMs } from './notices.ts';
import { StatelessRooms, stateWithoutVersion } from './stateless-rooms.ts';

/** Entries of LOG as the fold reads and writes them. */
interface Entries {
  body(partition: number, offset: number): Promise<Uint8Array | null>;
}

export interface PolicyFoldParts extends NoticesParts {
  readonly policy: PolicyStore;
  readonly archive: Pick<RoomArchive, 'room'>;
  readonly log: Entries & StateSources['log'] & NoticesParts['log'];
  readonly wallClock: () => WallTime;
}

/** One begin of a partition: what was kept before it counts no more. */
interface Begin {
  readonly partition: number;
}

/** A state in memory. */
interface Kept {
  readonly state: RoomState;
  readonly begin: Begin;
}

/** Part of the entries of a partition. */
interface Batch {
  readonly begin: Begin;
  /** Rooms that had no state before it, as far as is known; those with a control entry leave. */
  readonly stateless: Set<string>;
}

/** States of rooms that are kept between batches, within {@link MOST_ITEMS}. */
const MOST_STATES = 1_000;
/** Rooms whose entries are folded at the same time: not more than the attempts to write the document of a user whom all concern. */
const ROOMS_AT_ONCE = 8;
/** Documents of users that are written at the same time for one entry. */
const USERS_AT_ONCE = 8;

/**
 * Part of the fold `state` that keeps POLICY: writes what the gateway of an act did not write, tells users of invitations, of rooms
 * that they get and lose, and of messages that do not count. Entries may come again: every write is guarded by the version, and
 * every notice has a key of its own.
 */
export class PolicyFold {
  readonly #parts: PolicyFoldParts;
  readonly #states = new BoundedMap<string, Kept>(MOST_STATES, { of: ({ state }) => itemsOf(state), most: MOST_ITEMS });
  readonly #begins = new Map<number, Begin>();
  readonly #stateless: StatelessRooms<Begin>;
  readonly #notices: Notices;
  readonly #contacts: ContactFold;
  readonly #blocks: DirectBlocks;

  constructor(parts: PolicyFoldParts) {
    this.#parts = parts;
    this.#stateless = new StatelessRooms(parts);
    this.#notices = new Notices(parts);
    this.#blocks = new DirectBlocks(parts);
    this.#contacts = new ContactFold(parts, { notices: this.#notices, blocks: this.#blocks });
  }

  /** Begins a partition: another worker may have folded it meanwhile, so that states in memory lack entries. */
  begin(partition: number): Begin {
    const begin = { partition };
    this.#begins.set(partition, begin);
    return begin;
  }

  /** Writes the states in memory once more, after POLICY was wiped. */
  async rewrite(): Promise<void> {
    for (const [room, { state }] of [...this.#states]) await this.#writeRoom(room, state);
  }

  /**
   * Folds entries of a partition, whose bodies are not read. Rejects if NATS does not answer, or MongoDB where it alone has a state.
   * @returns offsets of entries that do not count
   */
  async apply(partition: number, entries: readonly FoldEntry[]): Promise<ReadonlySet<number>> {
    const voided = new Set<number>();
    const begin = this.#begins.get(partition) ?? this.begin(partition);
    // What rooms say about one user commutes: later versions count. Entries of a room are folded in their order.
    const byRoom = Map.groupBy(entries, ({ room }) => room);
    const batch = { begin, stateless: await this.#findStateless(begin, byRoom) };
    await inLanes(byRoom.values(), ROOMS_AT_ONCE, async ofRoom => {
      for (const { room, offset, message } of ofRoom)
        if (message && (await this.#isVoidAfter(batch, room, message))) voided.add(offset);
    });
    return voided;
  }

  /** @returns rooms whose entries count without a look at their state, until one of them is a control entry */
  #findStateless(begin: Begin, byRoom: ReadonlyMap<string, readonly FoldEntry[]>): Promise<Set<string>> {
    const isAsked = (room: string, entries: readonly FoldEntry[]) =>
      !isInbox(room) && !this.#known(room) && entries.some(({ message }) => message?.cv === 0 && message.seen === 0);
    const rooms = [...byRoom].filter(([room, entries]) => isAsked(room, entries)).map(([room]) => room);
    return this.#stateless.find(begin, rooms, (room, state) => this.#keep(begin, room, state));
  }

  /** Leaves out entries of a room that do not count. Rejects as {@link apply} does. */
  async counting<T extends Written>(room: string, entries: readonly T[]): Promise<readonly T[]> {
    if (entries.length === 0) return entries;
    const cv = entries.reduce((latest, { seen }) => Math.max(latest, seen), 0);
    // It is not kept: entries below may not be folded yet.
    const state =
      this.#known(room) ?? (cv > 0 ? await this.#load(room, cv) : await stateWithoutVersion(this.#parts, room));
    return entries.filter(entry => !isCut(state, entry));
  }

  /** Folds one entry. @returns true if it does not count */
  async #isVoidAfter({ begin, stateless }: Batch, room: string, message: LoggedMessage): Promise<boolean> {
    if (message.cv > 0) {
      await this.#control(begin, room, message);
      stateless.delete(room);
      this.#stateless.delete(room);
      return false;
    }
    if (isInbox(room)) {
      if (message.type === 'member') await this.#own(begin, room, message);
      if (message.type === 'contact') await this.#contacts.apply(begin.partition, room, message);
      if (message.type === 'me') await this.#settings(begin, inboxUser(room), message);
      return false;
    }
    return (message.seen > 0 || !stateless.has(room)) && (await this.#isVoid(begin, room, message));
  }

  async #control(begin: Begin, room: string, message: LoggedMessage): Promise<void> {
    const entry = await this.#read(begin, message, data => readControl(message, data));
    if (!entry) return;
    const before = await this.#before(begin, room, entry);
    if (isGap(before, entry)) return await this.#snapshot(room, before, entry.cv);
    const state = foldControl(before, entry);
    this.#keep(begin, room, state);
    if (entry.control.act === 'snapshot') await this.#drop(room, before, state);
    const users = state === before ? usersOf(entry, state) : concernedBy(entry, before, state);
    const latest = await this.#writeRoom(room, state);
    const isCounted = counts(entry, state);
    await inLanes(users, USERS_AT_ONCE, async user => {
      const next = userRoomOf(latest, user) ?? (isCounted ? userRoomAfter(entry, user, latest.kind) : null);
      if (next) await this.#writeUser(user, room, next);
    });
    if (isCounted) await this.#tell(room, { entry, notBefore: storedAtMs(message) }, users, state);
    const [one, other] = isDirect(state) ? [...state.members.keys()] : [];
    if (one !== undefined && other !== undefined) await this.#blocks.settle(one, other);
  }

  /** A user's own join or leave of an open room. */
  async #own(begin: Begin, inbox: string, message: LoggedMessage): Promise<void> {
    const own = await this.#read(begin, message, data => readOwnMembership(message, data));
    if (!own) return;
    await this.#writeUser(inboxUser(inbox), own.room, userRoomByOwn(own));
  }

  /** A user's own change of settings. */
  async #settings(begin: Begin, user: string, message: LoggedMessage): Promise<void> {
    const given = await this.#read(begin, message, data => readSettingsEntry(message, data));
    if (!given) return;
    await this.#parts.writes.attempt({ user }, async () => await writeSettings(this.#parts.policy, user, given));
  }

  /** @returns the state that POLICY has then */
  async #writeRoom(room: string, state: RoomState): Promise<RoomState> {
    let latest = state;
    await this.#parts.writes.attempt({ room }, async () => {
      latest = await writeRoom(this.#parts.policy, room, state);
    });
    return latest;
  }

  async #drop(room: string, before: RoomState, latest: RoomState): Promise<void> {
    await inLanes(droppedUsers([before], latest), USERS_AT_ONCE, ([user, next]) => this.#writeUser(user, room, next));
  }

  async #writeUser(user: string, room: string, next: UserRoom): Promise<void> {
    const write = () => writeUserRoom(this.#parts.policy, user, room, next);
    await this.#parts.writes.attempt({ room, user }, write);
  }

  /** @returns true for an entry that does not count; its author is told */
  async #isVoid(begin: Begin, room: string, message: LoggedMessage): Promise<boolean> {
    const { user, offset, id } = message;
    // A room that is asked about has had a version.
    if (!isCut(await this.#state(begin, room, Math.max(1, message.seen)), message)) return false;
    await this.#notices.store(user, {
      room,
      type: 'void',
      of: { room, offset },
      by: String(offset),
      time: message.time,
      notBefore: storedAtMs(message),
      body: { offset, id },
    });
    return true;
  }

  async #tell(
    room: string,
    { entry, notBefore }: { readonly entry: ControlEntry; readonly notBefore: number },
    users: readonly string[],
    state: RoomState,
  ): Promise<void> {
    const { cv, time, offset } = entry;
    const from = { room, of: { room, offset }, by: String(cv), time, notBefore };
    for (const user of users) {
      const body = noticeOf(room, entry, user, state);
      const type = body?.state === 'invited' ? 'invite' : 'member';
      if (body) await this.#notices.store(user, { ...from, type, body });
    }
  }

  /**
   * Publishes the highest state of a room as a version that counts without its predecessors: an entry was lost, and nothing counts until
   * a snapshot goes on from what is known.
   * @param cv version that was lost, or is above it
   */
  async #snapshot(room: string, state: RoomState, cv: number): Promise<void> {
    const { log, wallClock } = this.#parts;
    const { body, envelope } = snapshotOf(room, state, wallClock(), Math.max(cv, state.cv));
    await log.publish(room, body, envelope);
  }

  /** State before an entry, or with it and perhaps later ones. If there is a gap between the two, an entry is lost. */
  async #before(begin: Begin, room: string, entry: ControlEntry): Promise<RoomState> {
    const known = await this.#state(begin, room, entry.cv - 1);
    if (!isGap(known, entry)) return known;
    const before = await highestState(this.#parts, room, known);
    await this.#drop(room, known, before);
    this.#keep(begin, room, before);
    return before;
  }

  /** @param cv version that the room has had; 0 for none */
  async #state(begin: Begin, room: string, cv: number): Promise<RoomState> {
    const known = this.#known(room);
    if (known) return known;
    const state = await this.#load(room, cv);
    this.#keep(begin, room, state);
    return state;
  }

  #known(room: string): RoomState | undefined {
    const known = this.#states.get(room);
    return known && this.#begins.get(known.begin.partition) === known.begin ? known.state : undefined;
  }

  async #load(room: string, cv: number): Promise<RoomState> {
    const found = await this.#parts.policy.read({ room });
    // Without a value the room is new, or POLICY was wiped.
    return (found && readRoomState(found.value)) ?? (cv > 0 ? await highestState(this.#parts, room) : NO_ROOM);
  }

  #keep(begin: Begin, room: string, state: RoomState): void {
    const known = this.#known(room);
    this.#states.set(room, { state: known && !isLater(state, known) ? known : state, begin });
  }

  async #read<T>(
    { partition }: Begin,
    { offset }: LoggedMessage,
    read: (data: unknown) => T | null,
  ): Promise<T | null> {
    const body = await this.#parts.log.body(partition, offset);
    return body && read(dataOf({ body }));
  }
}
