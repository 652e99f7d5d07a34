import type { Relation } from '../fold/pair.ts';
import type { RoomState } from '../fold/room-state.ts';
import { MOST_OTHERS, type Pairs } from '../membership/pairs.ts';
import type { RoomStates, UserRoom, UserRooms } from '../membership/room-states.ts';
import type { Acquaintance } from '../presence/watching.ts';

export interface SightOptions {
  readonly pairs: Pick<Pairs, 'of'>;
  readonly userRooms: Pick<UserRooms, 'of'>;
  readonly rooms: Pick<RoomStates, 'current'>;
}

/** Largest room whose members may see each other's state. */
export const MOST_ACQUAINTED = 100;
/** Rooms that two users share and that are looked at for their size. */
const MOST_SHARED = 20;

type Rooms = ReadonlyMap<string, UserRoom>;

/** Users whose state a user may see at all, whatever their settings say. */
export class Sight {
  readonly #options: SightOptions;
  constructor(options: SightOptions) {
    this.#options = options;
  }

  /**
   * Acquaintances among others: friends, the other user of a room of two, and members of a room of at most {@link MOST_ACQUAINTED}. A
   * block, of whichever of the two, ends it.
   * @throws {ReadFailed} if NATS does not answer, {@link StoreUnavailable} if MongoDB is needed and does not
   */
  async of(user: string, users: readonly string[]): Promise<ReadonlyMap<string, Acquaintance>> {
    const others = [...new Set(users)].filter(other => other !== user);
    const found = new Map<string, Acquaintance>([[user, 'friend']]);
    const strangers: string[] = [];
    for (let start = 0; start < others.length; start += MOST_OTHERS) {
      const slice = others.slice(start, start + MOST_OTHERS);
      const relations: ReadonlyMap<string, Relation> = await this.#options.pairs.of(user, slice);
      for (const other of slice) {
        const { state = 'none', blocks = false, blocked = false } = relations.get(other) ?? {};
        if (blocks || blocked) continue;
        if (state === 'friend') found.set(other, 'friend');
        else strangers.push(other);
      }
    }
    for (const other of strangers.length > 0 ? await this.#inRooms(user, strangers) : []) found.set(other, 'known');
    return found;
  }

  /** Users with whom a user shares a room that is small enough. */
  async #inRooms(user: string, strangers: readonly string[]): Promise<readonly string[]> {
    const { userRooms, rooms } = this.#options;
    const own = joined(await userRooms.of(user));
    const partners = new Set([...own.values()].map(({ other }) => other));
    const states = new Map<string, RoomState | Promise<RoomState>>();
    const stateOf = (room: string) => {
      const state = states.get(room) ?? rooms.current(room);
      states.set(room, state);
      return state;
    };
    const isKnown = async (stranger: string) => {
      if (partners.has(stranger)) return true;
      const theirs = own.size > 0 ? joined(await userRooms.of(stranger)) : own;
      const shared = [...theirs.keys()].filter(room => own.has(room)).slice(0, MOST_SHARED);
      for (const room of shared) {
        const { count, members, deleted } = await stateOf(room);
        const isIn = (member: string) => members.get(member)?.state === 'member';
        if (!deleted && count <= MOST_ACQUAINTED && isIn(user) && isIn(stranger)) return true;
      }
      return false;
    };
    const known = await Promise.all(strangers.map(isKnown));
    return strangers.filter((_, index) => known[index]);
  }
}

const joined = (rooms: Rooms): Rooms => new Map([...rooms].filter(([, { state }]) => state === 'member'));
