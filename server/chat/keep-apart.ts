import { randomUUID } from 'node:crypto';
import { relationOf } from '../fold/pair.ts';
import type { RoomState } from '../fold/room-state.ts';
import { directRoom } from '../membership/direct-room.ts';
import type { Chat } from './chat.ts';
import { commit } from './commit.ts';
import type { RoomView } from './room-view.ts';
import type { Call } from './verb.ts';

/** Comparisons of one call: another one is needed only if the caller acts again meanwhile. */
const MOST_ROUNDS = 3;

/**
 * Makes the room of the caller and another user as the caller's last block or unblock wants it, if there is a room. Workers do the same
 * for a gateway that ends before it.
 * @throws {CommandError} {@link ReadFailed} {@link PublishFailed} if that is not done yet: the same call may be made again
 */
export async function keepApart(call: Call, chat: Chat, other: string): Promise<void> {
  const { user } = call.identity;
  const room = directRoom(user, other);
  if ((await chat.rooms.fresh(room)).cv === 0) return;
  for (let round = 1; round <= MOST_ROUNDS; round++) {
    const { blocks } = relationOf(await chat.pairs.fresh(user, other), user, other);
    const isDone = (state: RoomState) => state.deleted || state.blocks.includes(user) === blocks;
    if (isDone(await chat.rooms.fresh(room))) return;
    const act = blocks ? 'block' : 'unblock';
    const decide = ({ state }: RoomView) => (isDone(state) ? null : ({ act } as const));
    await commit(call, chat, { room, id: randomUUID(), decide });
  }
}
