import type { Revised } from '../../bus/digests.ts';
import type { Digest } from '../../bus/last-entry.ts';
import { DIRECT_KIND, isDirect, otherIn } from '../../fold/direct.ts';
import { readRoomState } from '../../fold/room-state-json.ts';
import { highestState, type StateSources } from '../../membership/highest-state.ts';
import type { FoldEntry } from '../fold/fold.ts';
import { inLanes } from './in-lanes.ts';
import type { Notices } from './notices.ts';

export interface DirectRoomsParts extends StateSources {
  readonly notices: Pick<Notices, 'store'>;
}

/** Digests of rooms by name, before a batch. */
export type RoomDigests = ReadonlyMap<string, Revised<Digest | null>>;

/** Rooms whose users are told at the same time. */
const ROOMS_AT_ONCE = 8;

/**
 * Part of the fold `state` that tells two users of their room. A room without a message is in no list, so that nobody is told of a
 * room that another user has opened and not written to. The first message that counts tells both.
 */
export class DirectRooms {
  readonly #parts: DirectRoomsParts;

  constructor(parts: DirectRoomsParts) {
    this.#parts = parts;
  }

  /**
   * Tells the users of rooms whose first message is in a batch, once. To be done before the digests are written: one with a message says
   * that it was done. Rejects if NATS does not answer, or MongoDB where it alone has the state of a room.
   * @param entries entries of the batch; those that do not count have no message
   * @param digests digests of its rooms, as far as LAST has them
   */
  async apply(entries: readonly FoldEntry[], digests: RoomDigests): Promise<void> {
    await inLanes(firstMessages(entries, digests), ROOMS_AT_ONCE, async ([room, time]) => {
      const isFirst = digests.get(room)?.value?.countable === 0;
      await this.#tell(room, time, isFirst);
    });
  }

  /** @param isFirst false if there may be an earlier message */
  async #tell(room: string, time: number, isFirst: boolean): Promise<void> {
    const found = await this.#parts.policy.read({ room });
    const state = readRoomState(found?.value) ?? (await highestState(this.#parts, room));
    if (!isDirect(state)) return;
    for (const user of state.members.keys()) {
      const body = { user: otherIn(state, user) };
      const notice = { room, type: 'dm', by: '', time, body, notBefore: state.created, perhapsTwice: isFirst } as const;
      await this.#parts.notices.store(user, notice);
    }
  }
}

/** Rooms of two users, perhaps, that had no message before the batch as far as is known, with the time of their first one. Pure. */
function firstMessages(entries: readonly FoldEntry[], digests: RoomDigests): ReadonlyMap<string, number> {
  const first = new Map<string, number>();
  for (const { room, message } of entries) {
    const isNew = room.startsWith(`${DIRECT_KIND}:`) && !first.has(room) && message?.type === 'message';
    if (isNew && (digests.get(room)?.value?.countable ?? 0) === 0) first.set(room, message.time);
  }
  return first;
}
