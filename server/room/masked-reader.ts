import { type Filter, filteredReader } from './filtered-reader.ts';
import type { Masks } from './masks.ts';
import type { RoomReader } from './reader.ts';

const ALL: Filter = async (_, messages) => messages;

/**
 * Makes a reader that leaves out deleted messages and their edits.
 * @param counting filter that is asked before, so that one bound counts what both leave out
 */
export const maskedReader = (reader: RoomReader, masks: Pick<Masks, 'visible'>, counting = ALL): RoomReader =>
  filteredReader(reader, async (room, messages) => masks.visible(room, await counting(room, messages)));
