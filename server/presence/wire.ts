import { SHARDS, type ShardChange } from './shards.ts';
import type { UserDigest } from './users.ts';

/**
 * Level of what this release does with entries of other gateways; a new one rises it. 1: control entries end subscriptions, and
 * entries that do not count or are deleted are left out. 2: users of whom one has blocked the other are kept apart, and
 * entries `pair` of inboxes are shown to no client.
 */
export const FEATURE_LEVEL = 2;

/**
 * Heartbeat of a gateway. All messages here are JSON. Gateways of two releases run side by side: a reader ignores fields it does
 * not know, and a message that it cannot read counts as lost: each `read...` returns null then, and never throws.
 */
export interface Beat {
  readonly gateway: string;
  /** True for the last heartbeat of a gateway. */
  readonly leaving: boolean;
  /** Random id of the process: another one under the same name is another gateway. Empty from the previous release. */
  readonly life: string;
  /** Features of the gateway's release, see {@link FEATURE_LEVEL}. 0 from a release before there were levels. */
  readonly level: number;
  /** Version of the gateway's shards, {@link change} included. */
  readonly version: number;
  /** Difference to the version before; absent in a plain heartbeat. */
  readonly change?: ShardChange;
}

/** Question about one room. */
export interface Wanted {
  readonly room: string;
  /** Largest number of connections that are listed; a gateway with more answers with their number alone. */
  readonly most: number;
  /** True if the users are to be counted. */
  readonly users: boolean;
}

/** Question to one gateway: about rooms, or for all its shards. */
export type Question = { readonly rooms: readonly Wanted[] } | { readonly shards: true };

/** Connection in an answer. */
export type ListedMember = readonly [client: string, user: string, flags?: number];

/** Connections of a gateway in one room, or some of them. */
export interface Part {
  /** Index of the room in the question. */
  readonly room: number;
  readonly clients: number;
  /** Number of those of invisible users, whom {@link users} leaves out; missing for 0. */
  readonly hidden?: number;
  /**
   * Connections; several parts together list all. The third item is the sum of 1 for one in the background and 2 for one of an invisible
   * user, and missing for 0 and from the release before.
   */
  readonly members?: readonly ListedMember[];
  readonly users?: UserDigest;
}

/** One of the messages of an answer. Rooms without connections are missing. */
export interface Answer {
  readonly parts: readonly Part[];
  /** True for the last message of the answer. */
  readonly last: boolean;
}

/** Answer with all shards of a gateway. */
export interface ShardsAnswer {
  readonly life: string;
  readonly version: number;
  readonly shards: string;
}

/** Announcement of a join or a leave. */
export interface JoinEvent {
  readonly type: 'join' | 'leave';
  readonly client: string;
  readonly user: string;
  readonly gateway: string;
}

export function readBeat(text: string): Beat | null {
  const { gateway, leaving, life = '', version = 0, level, change } = objectOf(text);
  if (typeof gateway !== 'string' || gateway === '' || typeof life !== 'string' || !isCount(version)) return null;
  const beat = { gateway, leaving: leaving === true, life, version, level: isCount(level) ? level : 0 };
  if (change === undefined) return beat;
  const { set, cleared } = asObject(change);
  return isShards(set) && isShards(cleared) ? { ...beat, change: { set, cleared } } : null;
}

/** Writes a question. Rooms are written as short lists, as there may be hundreds. */
export const writeQuestion = (question: Question): string =>
  JSON.stringify(
    'shards' in question ? question : { rooms: question.rooms.map(({ room, most, users }) => [room, most, +users]) },
  );

export function readQuestion(text: string): Question | null {
  const { rooms, shards } = objectOf(text);
  if (shards === true) return { shards };
  if (!Array.isArray(rooms)) return null;
  const wanted: Wanted[] = [];
  for (const entry of rooms as unknown[]) {
    const [room, most, users] = Array.isArray(entry) ? (entry as unknown[]) : [];
    if (typeof room !== 'string' || !isCount(most)) return null;
    wanted.push({ room, most, users: users === 1 });
  }
  return { rooms: wanted };
}

export function readAnswer(text: string): Answer | null {
  const { parts, last } = objectOf(text);
  if (!Array.isArray(parts)) return null;
  return parts.every(isPart) ? { parts, last: last === true } : null;
}

export function readShards(text: string): ShardsAnswer | null {
  const { life, version, shards } = objectOf(text);
  return typeof life === 'string' && isCount(version) && typeof shards === 'string' ? { life, version, shards } : null;
}

export function readJoin(text: string): JoinEvent | null {
  const { type, client, user, gateway } = objectOf(text);
  if (type !== 'join' && type !== 'leave') return null;
  if (typeof client !== 'string' || typeof user !== 'string' || typeof gateway !== 'string') return null;
  return client === '' || !user.isWellFormed() || !client.isWellFormed() ? null : { type, client, user, gateway };
}

export function isMembers(value: unknown): value is readonly ListedMember[] {
  return Array.isArray(value) && (value as unknown[]).every(isMember);
}

function isMember(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const [client, user] = value as unknown[];
  return typeof client === 'string' && typeof user === 'string' && client.isWellFormed() && user.isWellFormed();
}

function isPart(value: unknown): value is Part {
  const { room, clients, hidden = 0, members, users } = asObject(value);
  if (!isCount(room) || !isCount(clients) || !isCount(hidden)) return false;
  if (users !== undefined && typeof (asObject(users)['hashes'] ?? asObject(users)['sketch']) !== 'string') return false;
  return members === undefined || isMembers(members);
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isShards = (value: unknown): value is number[] =>
  Array.isArray(value) && (value as unknown[]).every(shard => isCount(shard) && shard < SHARDS);

/** Parses a JSON object. @returns an empty one for any other text */
export function objectOf(text: string): Record<string, unknown> {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return {};
  }
}

const asObject = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
