import type { ControlEntry } from '../fold/control.ts';
import type { Contact } from '../fold/pair.ts';

/** A control entry of a room's log. */
export interface RoomControlEntry {
  readonly room: string;
  readonly entry: ControlEntry;
}

/** Join or leave in a user's inbox: of a room that takes joins without an entry in its own log. */
export interface OwnMembership {
  readonly user: string;
  /** Room that the user joined or left. */
  readonly room: string;
  /** Offset in the log of the inbox: of two entries of a user the higher one counts. */
  readonly offset: number;
  readonly on: boolean;
  /** Top of the room when the user joined. */
  readonly since: number;
  /** Version of the room that was seen: a control entry on the user with a higher version counts instead. */
  readonly seen: number;
}

/**
 * Reads the body of a join or leave in an inbox. Pure.
 * @returns null for another entry
 */
export function readOwnMembership(
  {
    type,
    offset,
    user,
    cv,
  }: { readonly type: string; readonly offset: number; readonly user: string; readonly cv: number },
  data: unknown,
): OwnMembership | null {
  if (type !== 'member' || cv !== 0 || typeof data !== 'object' || data === null) return null;
  const { room, on, since, seen } = data as Readonly<Record<string, unknown>>;
  if (typeof room !== 'string' || typeof on !== 'boolean' || !isCount(since) || !isCount(seen)) return null;
  return { user, room, offset, on, since, seen };
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Writes of relations between users, for the worker that folds a partition. */
export interface ContactWriter {
  /**
   * Folds acts of users on each other. Acts may come in any order, and again. Resolves once it is durable.
   * @throws {StoreUnavailable} if the result is unknown
   */
  applyContacts(contacts: readonly Contact[]): Promise<void>;
}

/** Writes of rooms and members, for the worker that folds a partition. */
export interface RoomWriter {
  /**
   * Folds entries into the rooms and their members. Entries of one room are ascending by offset, and may come again from any position
   * if those after it come again too. Resolves once it is durable.
   * @throws {StoreUnavailable} if the result is unknown
   */
  applyRooms(controls: readonly RoomControlEntry[], own: readonly OwnMembership[]): Promise<void>;
}
