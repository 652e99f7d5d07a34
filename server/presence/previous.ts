import type { Own } from './own.ts';
import { isMembers, type ListedMember, objectOf } from './wire.ts';

/**
 * Answer in the format of the previous release, whose gateways run beside these in a rollout: one subject for all gateways, the
 * room as the question, one message as the answer. Goes with the release after this one.
 */
export interface PreviousAnswer {
  readonly gateway: string;
  readonly members: readonly ListedMember[];
  /** True if there are more. */
  readonly partial: boolean;
}

/** Most connections in one answer: with the longest ids, 427 bytes each, it is below the 1 MB of a NATS message. */
export const MOST_PREVIOUS_MEMBERS = 2_000;

/** Answers a question of the previous release. */
export function answerPrevious(gateway: string, own: Own, room: string): string {
  const members: [string, string][] = [];
  for (const { client, user } of own.shownMembers(room)) {
    if (members.length === MOST_PREVIOUS_MEMBERS) return JSON.stringify({ gateway, members, partial: true });
    members.push([client, user]);
  }
  return JSON.stringify({ gateway, members, partial: false });
}

/** Reads an answer of the previous release. @returns null if it cannot be read */
export function readPrevious(text: string): PreviousAnswer | null {
  const { gateway, members, partial } = objectOf(text);
  if (typeof gateway !== 'string' || !isMembers(members)) return null;
  return { gateway, members, partial: partial === true };
}
