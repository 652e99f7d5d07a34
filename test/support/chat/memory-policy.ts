import { readControl } from '../../../server/fold/control.ts';
import { foldEntries } from '../../../server/fold/control-fold.ts';
import { NO_ROOM, type RoomState } from '../../../server/fold/room-state.ts';
import type { PolicyEntry, PolicyKey, PolicyStore } from '../../../server/membership/policy-store.ts';
import type { RoomStates, UserRoom, UserRooms } from '../../../server/membership/room-states.ts';
import { PublishFailed, ReadFailed, type RoomLog } from '../../../server/room/log.ts';

/** The store of rights in memory. */
export class MemoryPolicyStore implements PolicyStore {
  up = true;
  /** Called before each answer. */
  wait: () => Promise<void> = () => Promise.resolve();
  /** Keys that were read, as JSON, in order. */
  readonly asked: string[] = [];
  readonly #entries = new Map<string, { readonly json: string; readonly revision: number }>();
  #revision = 0;

  async read(key: PolicyKey): Promise<PolicyEntry | null> {
    const text = JSON.stringify(key);
    this.asked.push(text);
    await this.wait();
    if (!this.up) throw new ReadFailed('switched off');
    const entry = this.#entries.get(text);
    return entry ? { value: JSON.parse(entry.json), revision: entry.revision } : null;
  }

  async write(key: PolicyKey, value: unknown, revision: number): Promise<boolean> {
    const text = JSON.stringify(key);
    await this.wait();
    if (!this.up) throw new PublishFailed('switched off');
    if ((this.#entries.get(text)?.revision ?? 0) !== revision) return false;
    this.#revision += 1;
    this.#entries.set(text, { json: JSON.stringify(value), revision: this.#revision });
    return true;
  }

  /** Removes everything. */
  wipe(): void {
    this.#entries.clear();
  }
}

/** States of rooms folded from a log alone, as one gateway has them. */
export class LogStates implements RoomStates {
  /** Commits so far, with the users they concern. */
  readonly commits: { readonly room: string; readonly users: readonly string[] }[] = [];
  readonly #log: Pick<RoomLog, 'readAfter'>;
  readonly #states = new Map<string, RoomState>();
  readonly #documents: MemoryUserRooms;

  constructor(log: Pick<RoomLog, 'readAfter'>, documents = new MemoryUserRooms()) {
    this.#log = log;
    this.#documents = documents;
  }

  current(room: string): RoomState | Promise<RoomState> {
    return this.#states.get(room) ?? this.fresh(room);
  }

  async fresh(room: string): Promise<RoomState> {
    const before = this.#states.get(room) ?? NO_ROOM;
    let state = before;
    for (let after = before.at, more = true; more; ) {
      const page = await this.#log.readAfter(room, after, 1_000);
      const entries = page.messages.flatMap(
        message => readControl(message, JSON.parse(Buffer.from(message.body).toString('utf8'))) ?? [],
      );
      state = foldEntries(state, entries);
      after = page.reached;
      more = page.pending > 0;
    }
    const known = this.#states.get(room) ?? NO_ROOM;
    if (known.cv > state.cv) return known;
    this.#states.set(room, state);
    return state;
  }

  async committed(room: string, state: RoomState, users: readonly string[]): Promise<void> {
    this.commits.push({ room, users });
    for (const user of users) this.#documents.fold(user, room, state);
  }
}

/** Documents of users in memory. */
export class MemoryUserRooms implements UserRooms {
  readonly #users = new Map<string, Map<string, UserRoom>>();

  async of(user: string): Promise<ReadonlyMap<string, UserRoom>> {
    await null;
    return this.#users.get(user) ?? new Map();
  }

  /** Writes what a room's state says about a user. */
  fold(user: string, room: string, { kind, members, deleted }: RoomState): void {
    const rooms = this.#users.get(user) ?? new Map<string, UserRoom>();
    this.#users.set(user, rooms);
    const known = members.get(user);
    if (deleted || !known || known.state === 'left') rooms.delete(room);
    else {
      const { state, rank, since, cv } = known;
      rooms.set(room, { state, rank, since, cv, kind });
    }
  }
}
