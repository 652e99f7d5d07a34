import { filteredReader } from './filtered-reader.ts';
import type { Masks } from './masks.ts';
import type { RoomReader } from './reader.ts';

/** Makes a reader that leaves out deleted messages and their edits. */
export const maskedReader = (reader: RoomReader, masks: Pick<Masks, 'visible'>): RoomReader =>
  filteredReader(reader, (room, messages) => masks.visible(room, messages));
