import type { Moment } from '../time/clock.ts';
import type { RoomArchive } from './archive.ts';
import type { PolicyBatch } from './policy-batch.ts';
import type { PolicyStore } from './policy-store.ts';
import { Recent } from './recent.ts';
import type { UserRoom, UserRooms } from './room-states.ts';
import { partKey, readDocument } from './user-documents.ts';

export interface LoadedUserRoomsOptions {
  readonly policy: Pick<PolicyStore, 'read'>;
  /** Reads of {@link policy} that may share requests. */
  readonly batch: Pick<PolicyBatch, 'read'>;
  readonly archive: RoomArchive;
  readonly now: () => Moment;
}

/** Age up to which a document is used without asking again. */
const AGE_MS = 10_000;

type Rooms = ReadonlyMap<string, UserRoom>;

/** Documents of the users of a gateway, from POLICY. */
export class LoadedUserRooms implements UserRooms {
  readonly #options: LoadedUserRoomsOptions;
  readonly #recent: Recent<Rooms>;
  readonly #loads = new Map<string, Promise<Rooms>>();

  constructor(options: LoadedUserRoomsOptions) {
    this.#options = options;
    this.#recent = new Recent(AGE_MS, options.now);
  }

  /** Rooms of a user as of at most 10 s ago. @returns a promise only if they have to be loaded; it rejects as {@link of} does */
  current(user: string): Rooms | Promise<Rooms> {
    const recent = this.#recent.get(user);
    if (recent) return recent;
    const underway = this.#loads.get(user);
    if (underway) return underway;
    const load = this.of(user).finally(() => this.#loads.delete(user));
    this.#loads.set(user, load);
    return load;
  }

  /** Last known rooms of a user, of any age; undefined for none. */
  known(user: string): Rooms | undefined {
    return this.#recent.last(user);
  }

  async of(user: string): Promise<Rooms> {
    const { policy, batch, archive, now } = this.#options;
    const at = now();
    const first = await batch.read(partKey(user, 0));
    const rooms =
      typeof first === 'object'
        ? await readDocument(async part => (part === 0 ? first.value : (await policy.read(partKey(user, part)))?.value))
        : null;
    const found = rooms ?? (first === 'absent' ? new Map<string, UserRoom>() : await archive.roomsOf(user));
    this.#recent.set(user, found, at);
    return found;
  }

  /** Forgets the document of a user whose inbox has an entry about a room. */
  changed(user: string): void {
    this.#recent.delete(user);
  }
}
