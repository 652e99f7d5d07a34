import { foldControl } from '../fold/control-fold.ts';
import { isCut, type RoomState } from '../fold/room-state.ts';
import { controlOf } from './control-lane.ts';
import { type Filter, filteredReader } from './filtered-reader.ts';
import type { StoredMessage } from './message.ts';
import type { RoomReader } from './reader.ts';

/** Source of the states of rooms. */
export type StateOf = (room: string) => RoomState | Promise<RoomState>;

/** Folds control entries that were read into a state that may be some seconds old. */
function withOwn(state: RoomState, messages: readonly StoredMessage[]): RoomState {
  const newer = messages.filter(({ cv }) => cv > state.cv).sort((a, b) => a.offset - b.offset);
  return newer.reduce((before, message) => {
    const entry = controlOf(message);
    return entry ? foldControl(before, entry) : before;
  }, state);
}

/**
 * Makes a filter of entries that do not count, because their author was restricted before them: see {@link isCut}. Only what is above
 * the oldest restriction that a state remembers is compared. It rejects as its source of states does.
 */
export function countingOf(stateOf: StateOf): Filter {
  return async (room, messages) => {
    const found = stateOf(room);
    const state = withOwn(found instanceof Promise ? await found : found, messages);
    const oldest = state.cuts[0]?.offset ?? Number.POSITIVE_INFINITY;
    if (!messages.some(({ offset }) => offset > oldest)) return messages;
    return messages.filter(message => message.cv > 0 || !isCut(state, message));
  };
}

/** Makes a reader that leaves out entries that do not count. */
export const countingReader = (reader: RoomReader, stateOf: StateOf): RoomReader =>
  filteredReader(reader, countingOf(stateOf));
