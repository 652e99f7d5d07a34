import type { Own } from './own.ts';
import { isMembers, objectOf } from './wire.ts';

/**
 * Questions of the previous release: one subject for all gateways, the room as the question, one message as the answer.
 * Gateways of both run side by side in a rollout. To be removed with the release after this one.
 */
export interface PreviousAnswer {
  readonly gateway: string;
  readonly members: readonly (readonly [string, string])[];
  /** True if there are more. */
  readonly partial: boolean;
}

/** Connections in one answer: with the longest ids, 427 bytes each, it is below the 1 MB of a NATS message. */
export const MOST_PREVIOUS_MEMBERS = 2_000;

export function answerPrevious(gateway: string, own: Own, room: string): string {
  const members: [string, string][] = [];
  for (const { client, user } of own.members(room)) {
    if (members.length === MOST_PREVIOUS_MEMBERS) return JSON.stringify({ gateway, members, partial: true });
    members.push([client, user]);
  }
  return JSON.stringify({ gateway, members, partial: false });
}

/** @returns null for what cannot be read */
export function readPrevious(text: string): PreviousAnswer | null {
  const { gateway, members, partial } = objectOf(text);
  if (typeof gateway !== 'string' || !isMembers(members)) return null;
  return { gateway, members, partial: partial === true };
}
