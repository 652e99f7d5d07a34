import { readEntry } from '../fold/entry.ts';
import { mentionsOf } from '../fold/mentions.ts';
import { type FoldedMessage, unchanged } from '../fold/room-fold.ts';
import type { MessageDocument } from './document.ts';

/**
 * Message of a document, with the changes in it. One of an earlier release has none of their fields. Pure.
 * @returns null for a document whose body is no message that a gateway wrote, and for a message that does not count
 */
export function foldedMessage(document: MessageDocument): FoldedMessage | null {
  const { offset, user, deleted, rev, text, said, rx } = document;
  if (deleted === offset) return null;
  const body = parsed(document);
  // A stub has no text.
  const entry = readEntry({ type: document.type, offset, user }, deleted === undefined ? body : { ...body, text: '' });
  if (entry?.type !== 'message') return null;
  const message = { ...unchanged(entry), reactions: rx ?? [] };
  const { mentions: _, all: __, ...rest } = message;
  if (deleted !== undefined) return { ...rest, reactions: [], rev: deleted, deleted };
  if (rev === undefined || text === undefined) return message;
  return { ...rest, rev, text, ...(said?.rev === rev ? mentionsOf(said) : {}) };
}

/** Body of a deleted message. Clients of earlier releases show nothing for it, because it has no text. Pure. */
export const stubBody = (deleted: number, { id, time }: Partial<Pick<FoldedMessage, 'id' | 'time'>>): string =>
  JSON.stringify({ type: 'message', id, time, deleted });

/** Body of an edit of a deleted message: readers skip an edit without a text. Pure. */
export const blankedEdit = (target: number, of: string, deleted: number): string =>
  JSON.stringify({ type: 'edit', target, of, deleted });

/** Body of an entry that does not count: no reader takes it for an entry. Pure. */
export const voidBody = (type: string): string => JSON.stringify({ type, void: true });

/** Fields of a body; none if it is not an object. */
export function parsed({ body }: Pick<MessageDocument, 'body'>): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(typeof body === 'string' ? body : 'null');
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
