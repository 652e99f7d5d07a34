import { isCut, type RoomState } from '../fold/room-state.ts';
import type { Filter } from './filtered-reader.ts';

/** Source of the states of rooms, with every control entry up to an offset. */
export type StateOf = (room: string, offset: number) => RoomState | Promise<RoomState>;

/**
 * Makes a filter of entries that do not count, because their author was restricted before them: see {@link isCut}. Only what is above
 * the oldest restriction that a state remembers is compared. It rejects as its source of states does.
 */
export function countingOf(stateOf: StateOf): Filter {
  return async (room, messages) => {
    const last = messages.reduce((most, { offset }) => Math.max(most, offset), 0);
    const found = stateOf(room, last);
    const state = found instanceof Promise ? await found : found;
    const oldest = state.cuts[0]?.offset ?? Number.POSITIVE_INFINITY;
    if (!messages.some(({ offset }) => offset > oldest)) return messages;
    return messages.filter(message => message.cv > 0 || !isCut(state, message));
  };
}
