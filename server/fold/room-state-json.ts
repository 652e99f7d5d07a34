import { RANKS, type Rank } from './control.ts';
import type { Cut, Done, Link, Membership, RoomState, Standing } from './room-state.ts';

type Fields = Readonly<Record<string, unknown>>;

const STANDINGS: readonly Standing[] = ['member', 'invited', 'requested', 'banned', 'left'];

/** JSON form of a state: maps become lists, and fields without content are left out. */
export function roomStateJson(state: RoomState): Fields {
  const { members, links, blocks, ...rest } = state;
  return {
    ...rest,
    members: [...members].map(([user, known]) => memberJson(user, known)),
    links: [...links].map(([hash, link]) => ({ hash, ...link })),
    ...(blocks.length === 0 ? {} : { blocks }),
  };
}

/** Values that most members have: without them a room of 1,000 takes half as much. */
const USUAL = { rank: 'member', state: 'member', since: 0, cv: 0, mutedUntil: 0, bannedUntil: 0 } as const;

function memberJson(user: string, known: Membership): Fields {
  const json: Record<string, unknown> = { user };
  for (const name of Object.keys(USUAL) as (keyof typeof USUAL)[])
    if (known[name] !== USUAL[name]) json[name] = known[name];
  return known.note === undefined ? json : { ...json, note: known.note };
}

/** Reads a state from its JSON form. Unknown fields are left out. @returns null if it is none */
export function readRoomState(value: unknown): RoomState | null {
  try {
    return stateOf(fieldsOf(value));
  } catch (error) {
    if (error instanceof Misfit) return null;
    throw error;
  }
}

/** A value that does not fit its field. */
class Misfit extends Error {}

function stateOf(from: Fields): RoomState {
  return {
    kind: text(from['kind']),
    open: bool(from['open']),
    cv: count(from['cv']),
    at: count(from['at']),
    name: text(from['name']),
    topic: text(from['topic']),
    avatar: text(from['avatar']),
    created: count(from['created']),
    frozen: bool(from['frozen']),
    deleted: bool(from['deleted']),
    count: count(from['count']),
    full: bool(from['full']),
    members: new Map(list(from['members']).map(item => [text(item['user']), membershipOf({ ...USUAL, ...item })])),
    links: new Map(list(from['links']).map(item => [text(item['hash']), linkOf(item)])),
    cuts: list(from['cuts']).map(cutOf),
    ids: list(from['ids']).map(doneOf),
    blocks: texts(from['blocks'] ?? []),
  };
}

/** Reads a membership from its JSON form. Unknown fields are left out. @returns null if it is none */
export function readMembership(value: unknown): Membership | null {
  try {
    return membershipOf(fieldsOf(value));
  } catch (error) {
    if (error instanceof Misfit) return null;
    throw error;
  }
}

const membershipOf = (from: Fields): Membership => ({
  rank: oneOf<Rank>(RANKS, from['rank']),
  state: oneOf<Standing>(STANDINGS, from['state']),
  since: count(from['since']),
  cv: count(from['cv']),
  mutedUntil: count(from['mutedUntil'] ?? 0),
  bannedUntil: count(from['bannedUntil'] ?? 0),
  ...(from['note'] === undefined ? {} : { note: text(from['note']) }),
});

const linkOf = (from: Fields): Link => ({
  by: text(from['by']),
  uses: count(from['uses']),
  used: count(from['used']),
  expires: count(from['expires']),
  created: count(from['created']),
});

const cutOf = (from: Fields): Cut => ({
  cv: count(from['cv']),
  offset: count(from['offset']),
  user: text(from['user']),
  time: count(from['time']),
  ...(from['left'] === true ? { left: true } : {}),
});

const doneOf = (from: Fields): Done => ({
  user: text(from['user']),
  id: text(from['id']),
  cv: count(from['cv']),
  offset: count(from['offset']),
});

function fieldsOf(value: unknown): Fields {
  if (typeof value !== 'object' || value === null) throw new Misfit();
  return value as Fields;
}

function list(value: unknown): readonly Fields[] {
  if (!Array.isArray(value)) throw new Misfit();
  return value.map(fieldsOf);
}

function texts(value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw new Misfit();
  return value.map(text);
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new Misfit();
  return value;
}

function bool(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new Misfit();
  return value;
}

function count(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Misfit();
  return value as number;
}

function oneOf<W extends string>(words: readonly W[], value: unknown): W {
  const word = words.find(word => word === value);
  if (word === undefined) throw new Misfit();
  return word;
}
