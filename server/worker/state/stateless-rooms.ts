import { NO_ROOM, type RoomState } from '../../fold/room-state.ts';
import { readRoomState } from '../../fold/room-state-json.ts';
import type { RoomArchive } from '../../membership/archive.ts';
import { highestState, type StateSources } from '../../membership/highest-state.ts';
import { MOST_KEYS, type PolicyEntry, type PolicyStore } from '../../membership/policy-store.ts';
import { BoundedMap } from '../../room/bounded-map.ts';
import { StoreUnavailable } from '../../room/history-store.ts';
import { inLanes } from './in-lanes.ts';

export interface StatelessRoomsParts {
  readonly policy: Pick<PolicyStore, 'snapshot'>;
  readonly archive: Pick<RoomArchive, 'room'>;
}

/** Entry of a room without a state. */
interface Known<B> {
  readonly begin: B;
  /** True by the word of POLICY when it was complete; false for a room that MongoDB did not have, but POLICY may get. */
  readonly isSure: boolean;
}

/** Rooms that are remembered, some 10 MB of names: POLICY is asked once about each channel that nobody created. */
const MOST_ROOMS = 100_000;
/** Rooms that MongoDB is asked about at the same time. */
const READS = 8;

/**
 * Rooms without a state: channels that nobody created. Their messages name no version, and so do those of a gateway that has not heard
 * of the creation of a room yet: such a room is told from them here. `B` is one begin of a partition.
 */
export class StatelessRooms<B> {
  readonly #parts: StatelessRoomsParts;
  readonly #known = new BoundedMap<string, Known<B>>(MOST_ROOMS);

  constructor(parts: StatelessRoomsParts) {
    this.#parts = parts;
  }

  /**
   * Finds out which rooms have no state. While POLICY is not complete it is asked again in each call, and MongoDB is asked once; without
   * an answer of MongoDB a room has no state.
   * @param begin what an earlier begin found counts no more
   * @param rooms rooms of one partition, of which all control entries so far are folded or are in the caller's batch
   * @param found called with states that POLICY has
   * @throws {ReadFailed}
   */
  async find(
    begin: B,
    rooms: readonly string[],
    found: (room: string, state: RoomState) => void,
  ): Promise<Set<string>> {
    const stateless = new Set(rooms.filter(room => this.#of(begin, room)?.isSure));
    const asked = rooms.filter(room => !stateless.has(room));
    for (let start = 0; start < asked.length; start += MOST_KEYS) {
      const some = asked.slice(start, start + MOST_KEYS);
      const { entries, complete } = await this.#parts.policy.snapshot(some.map(room => ({ room })));
      const without = some.filter((room, index) => !isFound(room, entries[index] ?? null, found));
      if (complete) for (const room of without) this.#known.set(room, { begin, isSure: true });
      for (const room of complete ? without : await this.#notArchived(begin, without)) stateless.add(room);
    }
    return stateless;
  }

  /** Forgets a room that has a control entry. */
  delete(room: string): void {
    this.#known.delete(room);
  }

  async #notArchived(begin: B, rooms: readonly string[]): Promise<readonly string[]> {
    const archived = new Set<string>();
    const asked = rooms.filter(room => !this.#of(begin, room));
    try {
      await inLanes(asked, READS, async room => {
        if (await this.#parts.archive.room(room)) archived.add(room);
        else this.#known.set(room, { begin, isSure: false });
      });
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
    }
    return rooms.filter(room => !archived.has(room));
  }

  #of(begin: B, room: string): Known<B> | undefined {
    const known = this.#known.get(room);
    return known?.begin === begin ? known : undefined;
  }
}

function isFound(room: string, entry: PolicyEntry | null, found: (room: string, state: RoomState) => void): boolean {
  const state = entry && readRoomState(entry.value);
  if (state) found(room, state);
  return state !== null;
}

/**
 * Reads the state of a room whose entries name no version. As in {@link StatelessRooms.find}, POLICY is asked, while it is not complete
 * MongoDB too, and without an answer of MongoDB the room has no state.
 * @throws {ReadFailed}
 */
export async function stateWithoutVersion(
  sources: StateSources & { readonly policy: Pick<PolicyStore, 'snapshot'> },
  room: string,
): Promise<RoomState> {
  const { entries, complete } = await sources.policy.snapshot([{ room }]);
  const state = entries[0] ? readRoomState(entries[0].value) : null;
  if (state || complete) return state ?? NO_ROOM;
  try {
    return await highestState(sources, room);
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    return NO_ROOM;
  }
}
