import { BARE_PUBLISH } from '../contract/room-kinds.ts';
import { ERRORS } from '../protocol/codes.ts';
import { inboxOf, MAX_CHANNEL_BYTES } from './names.ts';
import type { Action, Denied, RoomAccess } from './room-access.ts';
import type { Identity } from './token.ts';

/** Users who may use the rooms of a kind. `Open`: every signed-in user. `Claim`: users whose token lists the room. */
export type Access = keyof typeof BARE_PUBLISH;

export interface Kind {
  readonly access: Access;
  /** Setting of the protocol's bare publish. `message.send` is open to all users who may use the room. */
  readonly publish: 'Enabled' | 'Disabled';
}

/** Reads the option roomKinds. @param text `kind=Access` or `kind=Access/PublishEnabled`, comma separated */
export function parseKinds(text: string): ReadonlyMap<string, Kind> {
  const kinds = new Map<string, Kind>();
  for (const entry of text.split(',').filter(entry => entry !== '')) {
    const [kind = '', rules = ''] = entry.split('=');
    const [word, publish] = rules.split('/Publish');
    const access = word as Access;
    kinds.set(kind, { access, publish: (publish as Kind['publish'] | undefined) ?? BARE_PUBLISH[access] });
  }
  return kinds;
}

/** Rules for what a user may do in a room. The inbox `user:<id>` is open to its user alone. */
export class Policy {
  #kinds: ReadonlyMap<string, Kind>;
  constructor(kinds: ReadonlyMap<string, Kind>) {
    this.#kinds = kinds;
  }

  /** Replaces the rules. Subscriptions stay: call {@link leaveAllForbidden}. */
  replace(kinds: ReadonlyMap<string, Kind>): void {
    this.#kinds = kinds;
  }

  /** Rights of a user in a room. They follow from the token, so nothing has to be loaded. */
  access(identity: Identity, room: string): RoomAccess {
    return { may: action => this.check(identity, room, action) };
  }

  /** Decides on one action. @returns null if allowed */
  check(who: Identity, channel: string, action: Action): Denied | null {
    if (Buffer.byteLength(channel) > MAX_CHANNEL_BYTES)
      return { error: ERRORS.badRequest, detail: `channel must have at most ${MAX_CHANNEL_BYTES} bytes` };
    const split = channel.indexOf(':');
    const kind = channel.slice(0, Math.max(split, 0));
    if (split < 1 || split === channel.length - 1 || /\p{Cc}/u.test(channel) || !channel.isWellFormed())
      return { error: ERRORS.unknownChannel, detail: 'channel must be kind:name' };
    if (kind === 'user') {
      if (channel !== inboxOf(who.user)) return denied('the inbox of another user');
      return action === 'subscribe'
        ? { error: ERRORS.alreadySubscribed, detail: 'the server subscribes every connection to its inbox' }
        : null;
    }
    const rules = this.#kinds.get(kind);
    if (!rules) return { error: ERRORS.unknownChannel, detail: `unknown kind ${kind}` };
    const { access, publish } = rules;
    if (access !== 'Open' && !who.rooms.includes(channel) && !who.rooms.includes(`${kind}:*`))
      return denied('the token does not list this room');
    if (action === 'publish' && publish === 'Disabled')
      return { error: ERRORS.notAvailable, detail: `publish is not open in rooms of kind ${kind}: use message.send` };
    return null;
  }
}

const denied = (detail: string): Denied => ({ error: ERRORS.permissionDenied, detail: `permission denied: ${detail}` });
