import { SYSTEM_KIND } from '../contract/room-kinds.ts';
import type { Membership } from '../fold/room-state.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Identity } from './token.ts';

/** Role, in the claim `roles`, of a program of the platform: it speaks to users in the platform's name. */
const SERVICE_ROLE = 'service';

/** Membership of a service in rooms of the system: staff, so that it writes there and takes back what another one wrote. */
const STAFF: Membership = { rank: 'moderator', state: 'member', since: 0, cv: 0, mutedUntil: 0, bannedUntil: 0 };

/** True for the identity of a service. */
export const isService = ({ roles = [] }: Pick<Identity, 'roles'>): boolean => roles.includes(SERVICE_ROLE);

/** Membership that follows from the token alone: that of services in rooms of the kind `system`. Null for none. */
export const membershipByToken = (identity: Pick<Identity, 'roles'>, room: string): Membership | null =>
  room.startsWith(`${SYSTEM_KIND}:`) && isService(identity) ? STAFF : null;

/** @throws {CommandError} 103 for a caller whose token does not have the role `service` */
export function demandService(identity: Pick<Identity, 'roles'>): void {
  if (!isService(identity))
    throw new CommandError(
      ERRORS.permissionDenied,
      `permission denied: it takes a token with ${SERVICE_ROLE} in its claim roles`,
    );
}
