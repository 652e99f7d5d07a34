import { NO_ROOM } from '../../../server/fold/room-state.ts';
import type { RoomControl } from '../../../server/room/control-lane.ts';

/** Control of rooms that have no control entries. */
export const NO_CONTROL: RoomControl = {
  load: async () => NO_ROOM,
  refusal: () => null,
  readableAbove: () => null,
  confirmed: async () => null,
  lost: () => undefined,
  noted: () => undefined,
};
