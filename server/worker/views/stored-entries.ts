import { isInbox } from '../../access/names.ts';
import { CONTROL_TYPES, isControlType } from '../../fold/control.ts';
import type { LoggedMessage } from '../../room/history-store.ts';
import { dataOf } from '../../room/message.ts';
import type { FoldEntry } from '../fold/fold.ts';

/** Types of entries that change what MongoDB has of messages, rooms, members and contacts. */
export const CHANGING_TYPES: readonly string[] = [
  'edit',
  'delete',
  'reaction',
  'hide',
  ...CONTROL_TYPES,
  'me',
  'contact',
];

const TARGETED: ReadonlySet<string> = new Set(['edit', 'delete', 'reaction']);

/**
 * Reads a stored entry as one of LOG. What a worker of an earlier release left out is taken from the body: the version of a control
 * entry. The version that an author's rights were checked against is in no body, so such an entry counts. Pure.
 */
export function storedEntry(message: LoggedMessage): FoldEntry {
  const { room, offset, type, targets, seen } = message;
  const isEarlier = TARGETED.has(type) && targets.length === 0;
  return {
    room,
    offset,
    message: { ...message, cv: versionOf(message), seen: isEarlier ? Number.MAX_SAFE_INTEGER : seen },
  };
}

/** Version that a control entry makes; 0 for another entry. */
function versionOf(message: LoggedMessage): number {
  const { room, type, cv } = message;
  // In inboxes are notices with the version of another room.
  if (cv > 0 || !isControlType(type) || isInbox(room)) return cv;
  const { cv: version } = (dataOf(message) ?? {}) as { readonly cv?: unknown };
  return Number.isSafeInteger(version) && (version as number) > 0 ? (version as number) : 0;
}
