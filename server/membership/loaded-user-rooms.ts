import { BoundedMap, type Weight } from '../room/bounded-map.ts';
import { dataOf, type StoredMessage } from '../room/message.ts';
import { type OwnMembership, readOwnMembership } from '../room/room-changes.ts';
import type { Moment } from '../time/clock.ts';
import type { RoomArchive } from './archive.ts';
import { isComplete, type PolicyBatch } from './policy-batch.ts';
import type { Covered } from './policy-progress.ts';
import type { PolicyStore } from './policy-store.ts';
import { Recent } from './recent.ts';
import type { UserRoom, UserRooms } from './room-states.ts';
import { havingOf, leftOf, partKey, readDocument, readLeft, userRoomByOwn, writeUserRoom } from './user-documents.ts';

export interface LoadedUserRoomsOptions {
  readonly policy: PolicyStore;
  /** Reads of {@link policy} that may share requests. */
  readonly batch: Pick<PolicyBatch, 'read'>;
  readonly archive: Pick<RoomArchive, 'roomsOf'>;
  /** Reads how much of the log of the partition of a user's inbox POLICY has. Never rejects. */
  readonly covered: (user: string) => Promise<Covered>;
  readonly now: () => Moment;
  /** Called with an error of a write that the worker repeats. */
  readonly unwritten: (room: string, error: unknown) => void;
}

/** Age up to which a document is used without asking again. */
const AGE_MS = 10_000;

/** Users whose last change is remembered, far more than change while one document is read. */
const MOST_NOTICED = 10_000;
/** Time for which own acts are remembered: after it the document surely has them. */
const OWN_MS = 60_000;

/** Own acts of one user that are remembered: more than the user's programs do in the seconds until the document has them. */
const MOST_OWN = 200;

type Rooms = ReadonlyMap<string, UserRoom>;
/** Rooms of all users that are kept: each takes some 250 bytes, all together 50 MB. A user may have some 4,000. */
const SIZE: Weight<Rooms> = { of: ({ size }) => size, most: 200_000 };
const NO_ROOMS: Rooms = new Map();

/** Documents of the users of a gateway, from POLICY. */
export class LoadedUserRooms implements UserRooms {
  readonly #options: LoadedUserRoomsOptions;
  readonly #recent: Recent<Rooms>;
  readonly #loads = new Map<string, Promise<Rooms>>();
  /**
   * Own joins and leaves by user, as the inbox delivered them here: clients read their rooms when they get such an entry, which may
   * be before the gateway of the act has written it.
   */
  readonly #own: Recent<Rooms>;
  /** Number of the last change of each user's document that was noticed here. */
  readonly #noticed = new BoundedMap<string, number>(MOST_NOTICED);
  #notices = 0;

  constructor(options: LoadedUserRoomsOptions) {
    this.#options = options;
    this.#recent = new Recent(AGE_MS, options.now, SIZE);
    this.#own = new Recent(OWN_MS, options.now, SIZE);
  }

  /** Rooms of a user as of at most 10 s ago. @returns a promise only if they have to be loaded; it rejects as {@link of} does */
  current(user: string): Rooms | Promise<Rooms> {
    const recent = this.#recent.get(user);
    if (recent) return recent;
    const underway = this.#loads.get(user);
    if (underway) return underway;
    const load = this.of(user).finally(() => {
      if (this.#loads.get(user) === load) this.#loads.delete(user);
    });
    this.#loads.set(user, load);
    return load;
  }

  /** Last known rooms of a user, of any age; undefined for none. */
  known(user: string): Rooms | undefined {
    return this.#recent.last(user);
  }

  of(user: string): Promise<Rooms> {
    return this.#read(user, true);
  }

  /**
   * The same for a call that does not decide on rights again soon: the rooms stay in memory only in place of older ones. A document of
   * 20 rooms takes some 5 KiB there, as much as a connection.
   */
  ofOnce(user: string): Promise<Rooms> {
    return this.#read(user, false);
  }

  async #read(user: string, isKept: boolean): Promise<Rooms> {
    const { now } = this.#options;
    const at = now();
    const notice = this.#noticed.get(user);
    const found = await this.#readAll(user);
    // What was read may be older than a change that was noticed meanwhile.
    const isLatest = this.#noticed.get(user) === notice;
    if (isLatest && (isKept || this.#recent.last(user))) this.#recent.set(user, found, at);
    return found;
  }

  /** Reads the document of a user, with the rooms of MongoDB while POLICY may lack some of them, and with own acts. */
  async #readAll(user: string): Promise<Rooms> {
    const { policy, batch, archive, covered } = this.#options;
    const { whole } = await covered(user); // read before POLICY, so that it never claims what POLICY lacks
    const first = await batch.read(partKey(user, 0));
    const archived = whole && isComplete(first) ? NO_ROOMS : await archive.roomsOf(user);
    const own = this.#own.get(user) ?? NO_ROOMS;
    if (typeof first === 'string') return havingOf(archived, own);
    const read = async (part: number) => (part === 0 ? first.value : (await policy.read(partKey(user, part)))?.value);
    return (await readDocument(read, archived, own)) ?? havingOf(archived, own);
  }

  async left(user: string): Promise<readonly string[]> {
    const { policy } = this.#options;
    const stored = await readLeft(async part => (await policy.read(partKey(user, part)))?.value);
    return [...stored, ...leftOf(this.#own.get(user) ?? NO_ROOMS)];
  }

  async acted(own: OwnMembership): Promise<void> {
    const { policy, unwritten } = this.#options;
    this.#noteOwn(own);
    try {
      await writeUserRoom(policy, own.user, own.room, userRoomByOwn(own));
    } catch (error) {
      unwritten(own.room, error);
    }
    this.#changed(own.user);
  }

  /** Takes an entry about a room that the inbox of a user delivered. */
  noted(user: string, entry: StoredMessage): void {
    const own = readOwnMembership(entry, dataOf(entry));
    if (own) this.#noteOwn({ ...own, user });
    this.#changed(user);
  }

  #noteOwn(own: OwnMembership): void {
    const acts = new BoundedMap<string, UserRoom>(MOST_OWN);
    for (const [room, act] of this.#own.get(own.user) ?? NO_ROOMS) acts.set(room, act);
    const offset = acts.get(own.room)?.own ?? 0;
    if (offset < own.offset) this.#own.set(own.user, acts.set(own.room, userRoomByOwn(own)), this.#options.now());
  }

  #changed(user: string): void {
    this.#notices += 1;
    this.#noticed.set(user, this.#notices);
    this.#loads.delete(user);
    this.#recent.delete(user);
  }
}
