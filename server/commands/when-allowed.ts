import { type Action, authorize, type RoomAccess } from '../access/room-access.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Session } from '../session/session.ts';

/**
 * Continues with a command once the rights of the user in the room are loaded and allow it: at once, or behind a promise for
 * which the commands behind it wait. A connection that is gone by then continues with nothing.
 * @throws {CommandError} if the user may not do it, or rejects with it
 */
export function whenAllowed(
  session: Session,
  room: string,
  action: Action,
  run: (access: RoomAccess) => Promise<void> | undefined,
): Promise<void> | undefined {
  const { identity, context } = session;
  if (!identity) throw new CommandError(ERRORS.unauthorized);
  const rights = authorize(context.chat.access, identity, room, action);
  return rights instanceof Promise ? rights.then(loaded => (session.gone ? undefined : run(loaded))) : run(rights);
}
