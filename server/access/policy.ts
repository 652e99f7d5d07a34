import { INBOX_KIND, type KindRules } from '../contract/room-kinds.ts';
import { ERRORS } from '../protocol/codes.ts';
import { inboxOf, MAX_CHANNEL_BYTES } from './names.ts';
import { HIDDEN, lacksRank } from './rights.ts';
import type { Action, Denied, RoomAccess } from './room-access.ts';
import type { Identity } from './token.ts';

/** Rules for what a user may do in a room. The inbox `user:<id>` is open to its user alone. */
export class Policy {
  #kinds: ReadonlyMap<string, KindRules>;
  constructor(kinds: ReadonlyMap<string, KindRules>) {
    this.#kinds = kinds;
  }

  /** Replaces the rules. Subscriptions stay: call {@link leaveAllForbidden}. */
  replace(kinds: ReadonlyMap<string, KindRules>): void {
    this.#kinds = kinds;
  }

  /** Rules of all kinds by their names. */
  get kinds(): ReadonlyMap<string, KindRules> {
    return this.#kinds;
  }

  /** Rules of a room's kind; undefined if the kind does not exist. */
  kindOf(room: string): KindRules | undefined {
    return this.#kinds.get(room.slice(0, Math.max(room.indexOf(':'), 0)));
  }

  /** Rights of a user in a room. They follow from the token, so nothing has to be loaded. */
  access(identity: Identity, room: string): RoomAccess {
    return { may: action => this.check(identity, room, action) };
  }

  /** Decides on one action. @returns null if allowed */
  check(who: Identity, channel: string, action: Action): Denied | null {
    const misnamed = misnamedRoom(channel);
    if (misnamed) return misnamed;
    const kind = channel.slice(0, channel.indexOf(':'));
    if (kind === INBOX_KIND) {
      if (channel !== inboxOf(who.user)) return denied('the inbox of another user');
      if (action === 'mentionAll') return lacksRank('moderator');
      return action === 'subscribe'
        ? { error: ERRORS.alreadySubscribed, detail: 'the server subscribes every connection to its inbox' }
        : null;
    }
    const rules = this.#kinds.get(kind);
    if (!rules) return { error: ERRORS.unknownChannel, detail: `unknown kind ${kind}` };
    if (rules.access === 'Members') return HIDDEN;
    if (rules.access === 'Claim' && !isListed(who, channel)) return NOT_LISTED;
    // Who knows no state of the room knows no staff.
    return action === 'mentionAll' ? lacksRank('moderator') : publishDenied(rules, channel, action);
  }
}

const denied = (detail: string): Denied => ({ error: ERRORS.permissionDenied, detail: `permission denied: ${detail}` });

/** Answer to users whose token does not list a room of a kind that asks for it. */
export const NOT_LISTED = denied('the token does not list this room');

/** True if a token lists a room, or all rooms of its kind. */
export const isListed = ({ rooms }: Pick<Identity, 'rooms'>, room: string): boolean =>
  rooms.includes(room) || rooms.includes(`${room.slice(0, room.indexOf(':'))}:*`);

/** Refusal of the protocol's bare publish where the kind does not offer it. */
export function publishDenied({ publish }: Pick<KindRules, 'publish'>, room: string, action: Action): Denied | null {
  if (action !== 'publish' || publish === 'Enabled') return null;
  const kind = room.slice(0, room.indexOf(':'));
  return { error: ERRORS.notAvailable, detail: `publish is not open in rooms of kind ${kind}: use message.send` };
}

/** Refusal of a name that no room can have; null for a name of the form `kind:name`. */
export function misnamedRoom(channel: string): Denied | null {
  if (Buffer.byteLength(channel) > MAX_CHANNEL_BYTES)
    return { error: ERRORS.badRequest, detail: `channel must have at most ${MAX_CHANNEL_BYTES} bytes` };
  const split = channel.indexOf(':');
  if (split < 1 || split === channel.length - 1 || /\p{Cc}/u.test(channel) || !channel.isWellFormed())
    return { error: ERRORS.unknownChannel, detail: 'channel must be kind:name' };
  return null;
}
