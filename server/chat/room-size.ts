import type { KindRules } from '../contract/room-kinds.ts';
import type { RoomStates } from '../membership/room-states.ts';

/** Ports that {@link roomSize} reads. */
export interface Sizes {
  readonly kindOf: (room: string) => KindRules | undefined;
  readonly rooms: Pick<RoomStates, 'current'>;
  /** Connections in a room on all gateways. */
  readonly connections: (room: string) => Promise<number>;
}

/**
 * Size of a room for features that cost something for each member: its members where these alone read, otherwise its connections, as
 * users read without joining.
 * @throws {ReadFailed} {@link StoreUnavailable} if the members are not in memory and cannot be read
 */
export async function roomSize({ kindOf, rooms, connections }: Sizes, room: string): Promise<number> {
  if (kindOf(room)?.access !== 'Members') return await connections(room);
  return (await rooms.current(room)).count;
}
