import type { ErrorCode } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Identity } from './token.ts';

/** Action of a user in a room. `publish`: the protocol's bare publish; `send`: `message.send`. */
export type Action = 'subscribe' | 'publish' | 'send' | 'presence' | 'history';

/** Reason for which an action is not allowed. */
export interface Denied {
  readonly error: ErrorCode;
  readonly detail: string;
}

/** Rights of one user in one room, as they were loaded. */
export interface RoomAccess {
  /** Offset above which the user may read messages of the room. Default: 0, all. */
  readonly readableAbove?: number;
  /** Decides at once, from what was loaded. @returns null if allowed */
  may(action: Action): Denied | null;
  /**
   * Decides by the word of the leader, where {@link may} refuses: what was loaded may be some seconds old, and SDKs take a refused
   * subscribe as final. Missing if a refusal is certain.
   * @throws {ReadFailed} {@link StoreUnavailable} if that cannot be known now
   */
  confirm?(action: Action): Promise<Denied | null>;
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

function demand(access: RoomAccess, action: Action): RoomAccess | Promise<RoomAccess> {
  const denied = access.may(action);
  if (denied && access.confirm)
    return access.confirm(action).then(confirmed => {
      if (confirmed) throw new CommandError(confirmed.error, confirmed.detail);
      return access;
    });
  if (denied) throw new CommandError(denied.error, denied.detail);
  return access;
}
