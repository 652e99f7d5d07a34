import type { RoomState } from '../fold/room-state.ts';
import type { MembershipArchive } from '../membership/archive.ts';
import type { MemberPage, RoomDirectory, RoomPage } from '../membership/directory.ts';
import type { UserRoom } from '../membership/room-states.ts';
import type { SettingsPages, UserArchive, UserWriter } from '../membership/user-archive.ts';
import type { HistoryStore, LoggedMessage, MessageWriter, RejectedMessage, SentKey } from '../room/history-store.ts';
import type { OwnMembership, RoomControlEntry, RoomWriter } from '../room/room-changes.ts';
import type {
  EntryReader,
  Erased,
  Erasure,
  ErasureList,
  ErasureTime,
  MessageChange,
  MessagePlace,
  PageRange,
  ViewPosition,
  ViewReader,
  ViewWriter,
} from '../room/views.ts';
import { systemClock } from '../time/clock.ts';
import type { OutageListener } from './circuit.ts';
import { ContactStore } from './contact-store.ts';
import { CountStore } from './counts.ts';
import { Directory } from './directory.ts';
import type { MessageDocument } from './document.ts';
import { type ErasureDocument, Erasures } from './erasures.ts';
import { type FloorDocument, Floors } from './floors.ts';
import { type HideDocument, hiddenAt, hiddenBy } from './hides.ts';
import { buildIndexes } from './indexes.ts';
import { MarkDocuments } from './marks.ts';
import { Messages } from './messages.ts';
import { MongoConnection } from './mongo-connection.ts';
import { type PositionDocument, Positions } from './positions.ts';
import { QUERIES } from './queries.ts';
import { type RejectedDocument, setAside } from './rejected.ts';
import type { MemberDocument, RoomDocument } from './room-documents.ts';
import { Rooms } from './rooms.ts';
import { Users } from './users.ts';
import { Views } from './views.ts';
import type { VoteDocument } from './votes.ts';

/** History of one ChatCluster in MongoDB, for gateways and workers. All methods may be called at the same time. */
export interface MongoStore
  extends HistoryStore,
    MessageWriter,
    ViewReader,
    ViewWriter,
    EntryReader,
    ErasureList,
    RoomWriter,
    RoomDirectory,
    MembershipArchive {
  /** Settings, profiles and marks of users. */
  readonly users: UserWriter & UserArchive & SettingsPages;
  readonly marks: MarkDocuments;
  /** Relations between users. */
  readonly contacts: ContactStore;
  /** Messages that count as unread. */
  readonly counts: CountStore;
  /** State of a room as the worker has folded it; null for one that nobody created. @throws {StoreUnavailable} */
  room(room: string): Promise<RoomState | null>;
  /** Rooms of a user as the worker has folded them, by name. @throws {StoreUnavailable} */
  roomsOf(user: string): Promise<ReadonlyMap<string, UserRoom>>;
  /** Pings also during an outage. @throws {StoreUnavailable} with the reason */
  ping(): Promise<void>;
  /** Names of indexes that the collections should have and do not have. @throws {StoreUnavailable} */
  missingIndexes(): Promise<readonly string[]>;
  /** Builds indexes on a connection of its own, which may take hours. Rejects with errors of the driver. */
  buildIndexes(names: readonly string[]): Promise<void>;
  /** See {@link Circuit.watch}. */
  watch(listener: OutageListener): void;
  /** See {@link MongoConnection.use}. */
  use(uri: string, failed: (reason: string) => void): Promise<boolean>;
  /** Closes the connection; later operations reject with {@link StoreUnavailable}. */
  close(): Promise<void>;
}

/**
 * History in MongoDB, without transactions, sessions, change streams or pipeline updates. Connects at its first operation and
 * reconnects by itself. An invalid connection string is a {@link StoreUnavailable} too, so that a process starts and reports it.
 * @param uri secret: never part of an error
 */
export function mongoStore(uri: string, database: string): MongoStore {
  return new Store(new MongoConnection(uri, database));
}

/** Composes the collections: each method is one operation of the connection's circuit. */
class Store implements MongoStore {
  readonly users: Users;
  readonly marks: MarkDocuments;
  readonly #connection: MongoConnection;
  readonly #messages: Messages;
  readonly #floors: Floors;
  readonly #positions: Positions;
  readonly #views: Views;
  readonly #erasures: Erasures;
  readonly #rooms: Rooms;
  readonly #directory: Directory;
  readonly #hides = () => this.#connection.collection<HideDocument>('hides');
  readonly contacts: ContactStore;
  readonly counts: CountStore;

  constructor(connection: MongoConnection) {
    this.#connection = connection;
    this.#messages = new Messages(() => connection.collection<MessageDocument>('messages'));
    this.#floors = new Floors(() => connection.collection<FloorDocument>('floors'));
    this.#positions = new Positions(() => connection.collection<PositionDocument>('folds'));
    this.#views = new Views({
      messages: () => connection.collection<MessageDocument>('messages'),
      reactions: () => connection.collection<VoteDocument>('reactions'),
      hides: () => connection.collection<HideDocument>('hides'),
    });
    this.#erasures = new Erasures(() => connection.collection<ErasureDocument>('erasures'));
    const collections = {
      rooms: () => connection.collection<RoomDocument>('rooms'),
      members: () => connection.collection<MemberDocument>('members'),
    };
    this.#rooms = new Rooms(collections);
    this.#directory = new Directory(collections);
    this.users = new Users(connection);
    this.marks = new MarkDocuments(connection, this.#positions);
    this.contacts = new ContactStore(connection);
    this.counts = new CountStore(connection, async partition => (await this.readPosition(partition))?.counted ?? 0);
  }

  read(room: string, range: Parameters<HistoryStore['read']>[1]) {
    return this.#connection.read(() => this.#messages.read(room, range));
  }

  count(room: string, range: Parameters<HistoryStore['count']>[1], most: number) {
    return this.#connection.read(() => this.#messages.count(room, range, most));
  }

  findSent(key: SentKey) {
    return this.#connection.read(() => this.#messages.findSent(key));
  }

  write(partition: number, batch: readonly LoggedMessage[], reached = 0) {
    return this.#connection.write(async () => {
      await this.#messages.prepare();
      await this.#floors.check(partition);
      const rejected = await this.#messages.insert(partition, batch);
      // After the messages: a MongoDB that is restored to any moment then never has a floor above its messages.
      const offset = batch.reduce((top, message) => Math.max(top, message.offset), reached);
      await this.#floors.raise(partition, { offset });
      return { rejected };
    });
  }

  setAside(partition: number, rejected: RejectedMessage) {
    return this.#connection.write(async () => {
      await setAside(await this.#connection.collection<RejectedDocument>('rejected'), partition, rejected);
      await this.#floors.raise(partition, { offset: rejected.message.offset });
    });
  }

  floor(partition: number) {
    return this.#connection.read(async () => {
      await this.#messages.prepare(); // a worker reads the floor first, when no messages wait yet
      return await this.#floors.read(partition);
    });
  }

  complete(partition: number, offset: number) {
    return this.#connection.write(() => this.#floors.raise(partition, { offset, complete: offset }));
  }

  settle(partition: number, upTo: number) {
    return this.#connection.write(() => this.#floors.settle(partition, upTo, systemClock.wallClock()));
  }

  readPosition(partition: number) {
    return this.#connection.read(() => this.#positions.read(viewsOf(partition)));
  }

  applyChanges(partition: number, changes: readonly MessageChange[]) {
    return this.#connection.write(() => this.#views.apply(partition, changes));
  }

  async readEntries(partition: number, types: readonly string[], range: Parameters<EntryReader['readEntries']>[2]) {
    const missing = await this.#connection.read(() => this.#messages.missingIndexes());
    if (missing.includes(OF_TYPE)) throw new Error(`the index ${OF_TYPE} of the collection messages is not built yet`);
    return await this.#connection.read(() => this.#messages.readOfTypes(partition, types, range));
  }

  readChecked(rooms: readonly string[], range: Parameters<EntryReader['readChecked']>[1]) {
    return this.#connection.read(() => this.#messages.readChecked(rooms, range));
  }

  savePosition(partition: number, from: ViewPosition | null, to: ViewPosition, lease: number) {
    return this.#connection.write(() => this.#positions.save(viewsOf(partition), from, to, lease));
  }

  readonly positionLease = (partition: number) =>
    this.#connection.read(() => this.#positions.lease(viewsOf(partition)));

  noteErasures(partition: number, time: ErasureTime, entries: readonly Erased[]) {
    return this.#connection.write(() => this.#erasures.note(partition, time, entries));
  }

  readErasures(partition: number, limit: number) {
    return this.#connection.read(() => this.#erasures.first(partition, limit));
  }

  dropErasures(erasures: readonly Erasure[]) {
    return this.#connection.write(() => this.#erasures.drop(erasures));
  }

  readonly viewedUpTo = async (partition: number) => (await this.readPosition(partition))?.at ?? 0;

  readFolded(room: string, range: PageRange) {
    return this.#connection.read(() => this.#views.readFolded(room, range));
  }

  findFolded(room: string, offsets: readonly number[]) {
    return this.#connection.read(() => this.#views.findFolded(room, offsets));
  }

  findEach(places: readonly MessagePlace[]) {
    return this.#connection.read(() => this.#views.findEach(places));
  }

  hiddenOf(user: string, places: readonly MessagePlace[]) {
    return this.#connection.read(async () => hiddenAt(await this.#hides(), user, places));
  }

  hidden(user: string, room: string, from: number, to: number) {
    return this.#connection.read(async () => hiddenBy(await this.#hides(), user, room, { from, to }));
  }

  applyRooms(controls: readonly RoomControlEntry[], own: readonly OwnMembership[]) {
    return this.#connection.write(() => this.#rooms.apply(controls, own));
  }

  room(room: string) {
    return this.#connection.read(() => this.#rooms.state(room));
  }

  roomsOf(user: string) {
    return this.#connection.read(() => this.#directory.roomsOf(user));
  }

  allRooms(after: string, limit: number) {
    return this.#connection.read(() => this.#directory.all(after, limit));
  }

  allUsers(after: string, limit: number) {
    return this.#connection.read(() => this.#directory.allUsers(after, limit));
  }

  listMembers(room: string, page: MemberPage) {
    return this.#connection.read(() => this.#directory.members(room, page));
  }

  listRooms(page: RoomPage) {
    return this.#connection.read(() => this.#directory.rooms(page));
  }

  roomNames(rooms: readonly string[]) {
    return this.#connection.read(() => this.#directory.names(rooms));
  }

  async missingIndexes() {
    const others = () => Promise.all([this.#messages.missingIndexes(), this.#rooms.missingIndexes()]);
    const own = [this.contacts.missingIndexes(), this.users.missingIndexes()];
    const all = await Promise.all([this.#connection.read(others), ...own]);
    return all.flat(2);
  }

  buildIndexes(names: readonly string[]) {
    return this.#connection.runAlone(database => buildIndexes(database, names));
  }

  ping() {
    return this.#connection.circuit.ping();
  }

  quiet() {
    return this.#connection.circuit.quiet();
  }

  watch(listener: OutageListener) {
    this.#connection.circuit.watch(listener);
  }

  use(uri: string, failed: (reason: string) => void) {
    return this.#connection.use(uri, failed);
  }

  close() {
    return this.#connection.close();
  }
}

/** Index without which {@link EntryReader.readEntries} would read the whole collection. */
const OF_TYPE = QUERIES['messages.of-type'].index;

const viewsOf = (partition: number) => `views:${partition}`;
