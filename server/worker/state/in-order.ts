import type { ControlEntry } from '../../fold/control.ts';
import type { RoomState } from '../../fold/room-state.ts';

/** True if a version between a state and an entry that needs it is missing. */
export const isGap = (state: RoomState, { cv, control }: ControlEntry): boolean =>
  cv > state.cv + 1 && control.act !== 'snapshot';

/** True if an entry is the one of its version that counts, as far as the state remembers. */
export function counts({ cv, offset }: ControlEntry, state: RoomState): boolean {
  const done = state.ids.find(each => each.cv === cv);
  return cv <= state.cv && (!done || done.offset === offset);
}
