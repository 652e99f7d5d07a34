import type { Publication } from './transport.ts';

/** A message at its place in a room. */
export interface Message {
  /** Place in the room's order. Offsets of a room rise, with gaps. */
  readonly offset: number;
  readonly id: string;
  readonly text: string;
  /** Milliseconds since 1970 when a gateway accepted it: for people, not for order. */
  readonly time: number;
  readonly user: string;
}

/**
 * Message in a publication; null if the publication is of another type. The type is the server's. The one in `data` counts only
 * for a gateway of an older version, which sends none; such gateways run for a while in a rollout.
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
