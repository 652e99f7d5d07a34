import { type Filter, filteredReader } from './filtered-reader.ts';
import type { Masks } from './masks.ts';
import { PAIR, type StoredMessage } from './message.ts';
import type { RoomReader } from './reader.ts';

const ALL: Filter = async (_, messages) => messages;

/** Entries that clients may have. */
const shown = (messages: readonly StoredMessage[]): readonly StoredMessage[] =>
  messages.some(({ type }) => type === PAIR) ? messages.filter(({ type }) => type !== PAIR) : messages;

/**
 * Makes a reader that leaves out deleted messages and their edits, and what gateways alone read.
 * @param counting filter that is asked before, so that one bound counts what both leave out
 */
export const maskedReader = (reader: RoomReader, masks: Pick<Masks, 'visible'>, counting = ALL): RoomReader =>
  filteredReader(reader, async (room, messages) => masks.visible(room, shown(await counting(room, messages))));
