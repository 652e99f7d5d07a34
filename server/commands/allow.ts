import type { Action } from '../access/room-access.ts';
import type { Identity } from '../access/token.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Session } from '../session/session.ts';

/** @throws {CommandError} when the user may not do that in the room */
export function allow(session: Session, channel: string, action: Action): Identity {
  const { identity, context } = session;
  if (!identity) throw new CommandError(ERRORS.unauthorized);
  const denied = context.policy.check(identity, channel, action);
  if (denied) throw new CommandError(denied.error, denied.detail);
  return identity;
}
