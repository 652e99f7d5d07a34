import { readEntry, readHide } from '../../fold/entry.ts';
import { dataOf } from '../../room/message.ts';
import type { MessageChange } from '../../room/views.ts';
import type { FoldEntry } from '../fold/fold.ts';

/** Types of entries that change messages: bodies of all others are not parsed. */
const CHANGING: ReadonlySet<string> = new Set(['edit', 'delete', 'reaction', 'hide']);

/** Reads the change of an entry of LOG. Pure. @returns none for an entry that changes no message */
export function changesOf({ room, offset, message }: FoldEntry): MessageChange[] {
  if (message === null || !CHANGING.has(message.type)) return [];
  const { type, user, epoch } = message;
  const data = dataOf(message);
  const entry = readEntry({ type, offset, user }, data) ?? readHide({ type, offset, user }, data);
  return entry === null || entry.type === 'message' ? [] : [{ room, epoch, entry }];
}
