import type { RoomState } from '../../../server/fold/room-state.ts';
import type {
  ListedMember,
  ListedRoom,
  MemberPage,
  RoomDirectory,
  RoomPage,
} from '../../../server/membership/directory.ts';
import { FILLED, readFilled } from '../../../server/membership/policy-filled.ts';
import type { PolicyEntry, PolicyKey, PolicySnapshot, PolicyStore } from '../../../server/membership/policy-store.ts';
import type { UserRoom, UserRooms } from '../../../server/membership/room-states.ts';
import {
  partKey,
  readDocument,
  readLeft,
  userRoomByOwn,
  userRoomOf,
  writeUserRoom,
} from '../../../server/membership/user-documents.ts';
import { StoreUnavailable } from '../../../server/room/history-store.ts';
import { MessageRefused, PublishFailed, ReadFailed, type RoomLog } from '../../../server/room/log.ts';
import type { RoomReader } from '../../../server/room/reader.ts';
import type { OwnMembership } from '../../../server/room/room-changes.ts';
import { LogStates } from './log-states.ts';

/** Most that NATS takes by default. */
const MOST_BYTES = 1024 * 1024;

/** The store of rights in memory. */
export class MemoryPolicyStore implements PolicyStore {
  up = true;
  /** Called before each answer. */
  wait: () => Promise<void> = () => Promise.resolve();
  /** True for a key that takes no value. */
  refuses: (key: PolicyKey) => boolean = () => false;
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

  async snapshot(keys: readonly PolicyKey[]): Promise<PolicySnapshot> {
    const texts = keys.map(key => JSON.stringify(key));
    if (texts.length > 0) this.asked.push(texts.join(' '));
    await this.wait();
    if (!this.up) throw new ReadFailed('switched off');
    const entry = (text: string) => {
      const found = this.#entries.get(text);
      return found ? { value: JSON.parse(found.json) as unknown, revision: found.revision } : null;
    };
    return { entries: texts.map(entry), complete: readFilled(entry(JSON.stringify(FILLED))?.value).complete };
  }

  async write(key: PolicyKey, value: unknown, revision: number): Promise<boolean> {
    const text = JSON.stringify(key);
    await this.wait();
    if (!this.up) throw new PublishFailed('switched off');
    const json = JSON.stringify(value);
    if (json.length > MOST_BYTES || this.refuses(key)) throw new MessageRefused('too large');
    if ((this.#entries.get(text)?.revision ?? 0) !== revision) return false;
    this.#revision += 1;
    this.#entries.set(text, { json, revision: this.#revision });
    return true;
  }

  /** Names of all rooms with a value. */
  rooms(): readonly string[] {
    const keys = [...this.#entries.keys()].map(text => JSON.parse(text) as PolicyKey);
    return keys.flatMap(key => ('room' in key ? [key.room] : []));
  }

  /** Removes everything. */
  wipe(): void {
    this.#entries.clear();
  }
}

/** States of rooms folded from a log alone, as one gateway has them. Commits are written to documents of users at once. */
export class MemoryStates extends LogStates {
  readonly #documents: MemoryUserRooms;

  constructor(log: Pick<RoomLog, 'top'>, reader: Pick<RoomReader, 'after'>, documents: MemoryUserRooms) {
    super(log, reader);
    this.#documents = documents;
  }

  override async committed(room: string, state: RoomState, users: readonly string[]): Promise<void> {
    for (const user of users) await this.#documents.fold(user, room, state);
  }
}

/** Documents of users in memory. */
export class MemoryUserRooms implements UserRooms {
  readonly #policy = new MemoryPolicyStore();

  async of(user: string): Promise<ReadonlyMap<string, UserRoom>> {
    const part = async (part: number) => (await this.#policy.read(partKey(user, part)))?.value;
    return (await readDocument(part)) ?? new Map();
  }

  async left(user: string): Promise<readonly string[]> {
    return await readLeft(async part => (await this.#policy.read(partKey(user, part)))?.value);
  }

  async acted(own: OwnMembership): Promise<void> {
    await writeUserRoom(this.#policy, own.user, own.room, userRoomByOwn(own));
  }

  /** Writes what a room's state says about a user, unless it does not tell. */
  async fold(user: string, room: string, state: RoomState): Promise<void> {
    const next = userRoomOf(state, user);
    if (next) await writeUserRoom(this.#policy, user, room, next);
  }
}

/** Lists of rooms and members in memory, in the order that a test puts them in. */
export class MemoryDirectory implements RoomDirectory {
  up = true;
  members: readonly ListedMember[] = [];
  rooms: readonly ListedRoom[] = [];

  async listMembers(_room: string, { after, limit }: MemberPage): Promise<readonly ListedMember[]> {
    this.#check();
    const from = after ? this.members.findIndex(({ user }) => user === after.user) + 1 : 0;
    return this.members.slice(from, from + limit);
  }

  async listRooms({ after, limit }: RoomPage): Promise<readonly ListedRoom[]> {
    this.#check();
    return this.rooms.filter(({ place }) => place > after).slice(0, limit);
  }

  async roomNames(rooms: readonly string[]): Promise<ReadonlyMap<string, string>> {
    this.#check();
    return new Map(this.rooms.filter(({ room }) => rooms.includes(room)).map(({ room, name }) => [room, name]));
  }

  #check(): void {
    if (!this.up) throw new StoreUnavailable('switched off');
  }
}
