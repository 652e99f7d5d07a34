import type { Revised } from '../../bus/digests.ts';
import type { Digest } from '../../bus/last-entry.ts';
import { DIRECT_KIND, isDirect, otherIn } from '../../fold/direct.ts';
import { readRoomState } from '../../fold/room-state-json.ts';
import { highestState, type StateSources } from '../../membership/highest-state.ts';
import type { LoggedMessage } from '../../room/history-store.ts';
import type { FoldEntry } from '../fold/fold.ts';
import { inLanes } from './in-lanes.ts';
import { type Notices, storedAtMs } from './notices.ts';

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
   * Tells the users of rooms whose first message is in a batch, once. To be done before the digests are written. Entries that come again
   * are told again, whatever the digests say: one of the two may not have been told. Rejects if NATS does not answer, or MongoDB where it
   * alone has the state of a room.
   * @param entries entries of the batch; those that do not count have no message
   * @param digests digests of its rooms, as far as LAST has them
   */
  async apply(entries: readonly FoldEntry[], digests: RoomDigests): Promise<void> {
    await inLanes(firstMessages(entries, digests), ROOMS_AT_ONCE, async first => await this.#tell(first));
  }

  async #tell({ room, message, isSure }: FirstMessage): Promise<void> {
    const found = await this.#parts.policy.read({ room });
    const state = readRoomState(found?.value) ?? (await highestState(this.#parts, room));
    if (!isDirect(state)) return;
    const { offset, time } = message;
    const notBefore = isSure ? storedAtMs(message) : 0;
    for (const user of state.members.keys()) {
      const body = { user: otherIn(state, user) };
      await this.#parts.notices.store(user, { room, type: 'dm', of: { room, offset }, by: '', time, body, notBefore });
    }
  }
}

/** Message that is perhaps the first one of a room of two users. */
interface FirstMessage {
  readonly room: string;
  readonly message: LoggedMessage;
  /** False if there may be an earlier one. */
  readonly isSure: boolean;
}

/** First messages of a batch in rooms of two users, perhaps, of which no earlier message is known. Pure. */
function firstMessages(entries: readonly FoldEntry[], digests: RoomDigests): Iterable<FirstMessage> {
  const first = new Map<string, FirstMessage>();
  const created = new Set<string>();
  for (const { room, message } of entries) {
    if (message?.cv === 1) created.add(room);
    if (!room.startsWith(`${DIRECT_KIND}:`) || first.has(room) || message?.type !== 'message') continue;
    const countable = digests.get(room)?.value?.countable;
    const isSure = countable === 0 || created.has(room);
    first.set(room, { room, message, isSure });
  }
  // A digest with this message or a later one was written when the entries came before.
  return [...first.values()].filter(({ room, message, isSure }) => {
    const countable = digests.get(room)?.value?.countable ?? 0;
    return isSure || countable === 0 || countable >= message.offset;
  });
}
