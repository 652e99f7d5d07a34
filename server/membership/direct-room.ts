import { createHash } from 'node:crypto';
import { DIRECT_KIND } from '../fold/direct.ts';

/** Characters of a name that are made of the hash: 132 bits. */
const HASH_CHARACTERS = 22;

/**
 * Name of the room of two users, in either order. It follows from the two alone, so two gateways that make the room at the same time
 * make one. Others may know the name: the room is hidden from them all the same.
 */
export function directRoom(one: string, other: string): string {
  const hash = createHash('sha256').update(JSON.stringify([one, other].sort()));
  return `${DIRECT_KIND}:${hash.digest('base64url').slice(0, HASH_CHARACTERS)}`;
}
