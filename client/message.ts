import type { Publication } from './transport.ts';

/** A message at its place in a room. */
export interface Message {
  /** Place in the room's order; rises, with gaps. */
  readonly offset: number;
  readonly id: string;
  readonly text: string;
  /** Milliseconds since 1970 when it was accepted: for people, never for order. */
  readonly time: number;
  readonly user: string;
}

/**
 * The message in a publication, or null if it is of another kind: rooms carry those too. The server says which; what
 * `data` says counts only where a gateway of an older version says nothing, as it does for a while in each rollout.
 */
export function messageOf(publication: Publication): Message | null {
  const { type: claimed, id, text, time } = (publication.data ?? {}) as Record<string, unknown>;
  const type = publication.type ?? claimed;
  if (type !== 'message' || typeof id !== 'string' || typeof text !== 'string') return null;
  return {
    offset: publication.offset,
    id,
    text,
    time: typeof time === 'number' ? time : 0,
    user: publication.sender?.user ?? '',
  };
}
