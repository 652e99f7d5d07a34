import { foldControl } from '../fold/control-fold.ts';
import { isCut, type RoomState } from '../fold/room-state.ts';
import { controlOf } from './control-lane.ts';
import type { StoredMessage } from './message.ts';
import type { RoomReader } from './reader.ts';

/** Source of the states of rooms. */
export type StateOf = (room: string) => RoomState | Promise<RoomState>;

/** Leaves out entries of a room that do not count. Rejects as its source of states does. */
export type Counting = (room: string, messages: readonly StoredMessage[]) => Promise<readonly StoredMessage[]>;

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
 * the oldest restriction that a state remembers is compared.
 */
export function countingOf(stateOf: StateOf): Counting {
  return async (room, messages) => {
    const found = stateOf(room);
    const state = withOwn(found instanceof Promise ? await found : found, messages);
    const oldest = state.cuts[0]?.offset ?? Number.POSITIVE_INFINITY;
    if (!messages.some(({ offset }) => offset > oldest)) return messages;
    return messages.filter(message => message.cv > 0 || !isCut(state, message));
  };
}

/** Makes a reader that leaves out entries that do not count. It reads on until a page has an entry that is left. */
export function countingReader(reader: RoomReader, stateOf: StateOf): RoomReader {
  const counting = countingOf(stateOf);
  return {
    async after(room, offset, limit, counted) {
      for (let at = offset; ; ) {
        const page = await reader.after(room, at, limit, counted);
        const messages = await counting(room, page.messages);
        const reached = page.messages.at(-1)?.offset;
        if (messages.length > 0 || reached === undefined) return { ...page, messages };
        at = reached;
      }
    },
    async before(room, offset, limit) {
      const found: StoredMessage[] = [];
      for (let at = offset; found.length < limit; ) {
        const page = await reader.before(room, at, limit - found.length);
        const messages = await counting(room, page);
        found.push(...messages);
        if (messages.length === page.length) break;
        at = page.at(-1)?.offset ?? 0;
      }
      return found;
    },
  };
}
