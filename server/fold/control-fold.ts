import type { ControlEntry } from './control.ts';
import { applyAct } from './control-acts.ts';
import type { RoomState } from './room-state.ts';
import { readRoomState } from './room-state-json.ts';

/**
 * Folds one entry into a state. Entries of a log are folded in its order; entries that were folded before may come again. An entry
 * counts only if it makes the next version: a gateway publishes version n + 1 after it has read version n in the log, so of
 * two entries of one version the later is void, and an entry without a predecessor has lost it for ever. A snapshot, which
 * counts without its predecessors, then goes on.
 * @returns the same object if the entry does not count
 */
export function foldControl(state: RoomState, entry: ControlEntry): RoomState {
  if (entry.offset <= state.at) return state;
  const { control, cv, offset } = entry;
  if (control.act === 'snapshot') {
    const whole = cv > state.cv ? readRoomState(control.state) : null;
    return whole ? { ...whole, cv, at: offset } : state;
  }
  if (cv !== state.cv + 1 || state.deleted || (state.cv === 0) !== (control.act === 'create')) return state;
  return { ...applyAct(state, entry), cv, at: offset };
}

/** Folds a part of a log into a state, in the order of the log, however the part is sorted. */
export const foldEntries = (state: RoomState, entries: readonly ControlEntry[]): RoomState =>
  entries.toSorted((a, b) => a.offset - b.offset).reduce(foldControl, state);
