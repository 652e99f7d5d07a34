import { ERRORS, type ErrorCode } from '../protocol/codes.ts';
import { inboxOf, MAX_CHANNEL_BYTES } from './names.ts';
import type { Identity } from './token.ts';

/** `Open`: every signed-in user. `Claim`: users whose token lists the room. */
export type Access = 'Open' | 'Claim';

/** What a user wants to do in a room. */
export type Action = 'subscribe' | 'publish' | 'presence' | 'history';

/** @param text `kind=Access`, comma separated, as in the option roomKinds */
export function parseKinds(text: string): ReadonlyMap<string, Access> {
  const kinds = new Map<string, Access>();
  for (const entry of text.split(',').filter(entry => entry !== '')) {
    const [kind = '', access] = entry.split('=');
    kinds.set(kind, access as Access);
  }
  return kinds;
}

export interface Denied {
  readonly error: ErrorCode;
  readonly detail: string;
}

/** What a user may do. The inbox `user:<id>` belongs to its user; nobody else sees it. */
export class Policy {
  #kinds: ReadonlyMap<string, Access>;
  constructor(kinds: ReadonlyMap<string, Access>) {
    this.#kinds = kinds;
  }

  /** Other rules from now on. Who is in a room stays: see {@link leaveAllForbidden}. */
  replace(kinds: ReadonlyMap<string, Access>): void {
    this.#kinds = kinds;
  }

  /** @returns null if allowed */
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
    const access = this.#kinds.get(kind);
    if (!access) return { error: ERRORS.unknownChannel, detail: `unknown kind ${kind}` };
    if (access === 'Open' || who.rooms.includes(channel) || who.rooms.includes(`${kind}:*`)) return null;
    return denied('the token does not list this room');
  }
}

const denied = (detail: string): Denied => ({ error: ERRORS.permissionDenied, detail: `permission denied: ${detail}` });
