import type { ErrorCode } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import { ReadFailed } from '../room/log.ts';
import type { Identity } from './token.ts';

/** Action of a user in a room. `publish`: the protocol's bare publish; `send`: `message.send`; `mentionAll`: its `all`. */
export type Action = 'subscribe' | 'publish' | 'send' | 'mentionAll' | 'presence' | 'history';

/** Reason for which an action is not allowed. */
export interface Denied {
  readonly error: ErrorCode;
  readonly detail: string;
}

/** Rights of one user in one room, as they were loaded. */
export interface RoomAccess {
  /** Offset above which the user may read messages of the room. Default: 0, all. */
  readonly readableAbove?: number;
  /** Offset of the entry that made the user a member: what is below was there before. Default: 0, none is known. */
  readonly since?: number;
  /** Decides at once, from what was loaded. @returns null if allowed */
  may(action: Action): Denied | null;
  /**
   * Loads the rights by the word of the leader, where {@link may} refuses: what was loaded may be some seconds old, and SDKs take a
   * refused subscribe as final. Missing if a refusal is certain.
   * @throws {ReadFailed} {@link StoreUnavailable} if that cannot be known now
   */
  confirm?(): Promise<RoomAccess>;
  /**
   * Rights with every act of staff up to an offset, or later ones: whoever was removed before an entry was stored may not read it.
   * Missing if no act changes them.
   * @throws as {@link confirm} does
   */
  upTo?(offset: number): RoomAccess | Promise<RoomAccess>;
}

/**
 * Loads the rights of a user in a room. Callers wait for a promise and for nothing else, so that rights which are in memory
 * cost no tick of the event loop.
 */
export type LoadAccess = (identity: Identity, room: string) => RoomAccess | Promise<RoomAccess>;

/**
 * Loads the rights of a user in a room, then checks one action.
 * @returns a promise only if the rights have to be loaded or confirmed
 * @throws {CommandError} if the user may not do it, or rejects with it
 */
export function authorize(
  load: LoadAccess,
  identity: Identity,
  room: string,
  action: Action,
): RoomAccess | Promise<RoomAccess> {
  const access = load(identity, room);
  return access instanceof Promise ? access.then(loaded => demand(loaded, action)) : demand(access, action);
}

/** Entries that were read of a room, with the offset up to which none is missing. */
interface ReadUpTo<T> {
  readonly value: T;
  readonly upto: number;
}

/** Attempts to read with rights that still hold afterwards. */
const ATTEMPTS = 4;

/**
 * Reads of a room what a user may read, with rights that are at least as new as what was read.
 * @param read reads above an offset
 * @throws {CommandError} if the user may not read the room any more
 * @throws {ReadFailed} {@link StoreUnavailable} if that cannot be known now
 */
export async function readAllowed<T>(
  access: RoomAccess | null,
  read: (above: number) => Promise<ReadUpTo<T>>,
): Promise<T> {
  let rights = access;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const above = rights?.readableAbove ?? 0;
    const { value, upto } = await read(above);
    if (!rights?.upTo) return value;
    rights = await asNewAs(rights, upto);
    if ((rights?.readableAbove ?? 0) === above) return value;
  }
  throw new ReadFailed('the rights of the user change faster than the room can be read');
}

/**
 * Loads rights that are at least as new as entries of a room.
 * @param offset offset of the last of these entries
 * @throws {CommandError} if the user may not read the room any more
 * @throws {ReadFailed} {@link StoreUnavailable} if that cannot be known now
 */
export async function asNewAs(access: RoomAccess | null, offset: number): Promise<RoomAccess | null> {
  return access?.upTo ? await demand(await access.upTo(offset), 'history') : access;
}

/**
 * Checks an action by rights that are loaded.
 * @returns the rights, or a promise of newer ones if a refusal has to be confirmed
 * @throws {CommandError} if the user may not do it, or rejects with it
 */
export function demand(access: RoomAccess, action: Action): RoomAccess | Promise<RoomAccess> {
  const denied = access.may(action);
  // What follows is done with the confirmed rights: they know the user's join, which those that refuse do not.
  if (denied && access.confirm) return access.confirm().then(confirmed => demand(confirmed, action));
  if (denied) throw new CommandError(denied.error, denied.detail);
  return access;
}
