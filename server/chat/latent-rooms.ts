import { DIRECT_KIND } from '../fold/direct.ts';
import type { UserRoom } from '../membership/room-states.ts';
import type { Newest, RoomLog } from '../room/log.ts';

/** Rooms of one question. */
const MOST_ASKED = 1_000;

/**
 * Rooms of two users that have no message yet. One of the two has opened such a room, and the other does not know of it, although it is in
 * the document of both.
 */
export class LatentRooms {
  readonly #log: Pick<RoomLog, 'partitionOf' | 'newest'>;

  constructor(log: Pick<RoomLog, 'partitionOf' | 'newest'>) {
    this.#log = log;
  }

  /** Counts these among the rooms of a user. @throws {ReadFailed} if NATS does not answer */
  async count(rooms: ReadonlyMap<string, UserRoom>): Promise<number> {
    const direct = [...rooms.keys()].filter(room => rooms.get(room)?.kind === DIRECT_KIND);
    let latent = 0;
    for (const [partition, names] of Map.groupBy(direct, room => this.#log.partitionOf(room)))
      for (let start = 0; start < names.length; start += MOST_ASKED) {
        const ends = await this.#log.newest(partition, names.slice(start, start + MOST_ASKED));
        latent += [...ends].filter(([room, end]) => isLatent(end, rooms.get(room)?.since ?? 0)).length;
      }
    return latent;
  }
}

/** @param since offset of the entry that made the room. One that only MongoDB has entries of may have a message */
const isLatent = ({ top, countable }: Newest, since: number): boolean =>
  countable === null ? top > 0 && top <= since : countable === 0;
