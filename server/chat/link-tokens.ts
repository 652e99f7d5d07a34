import { createHash, createHmac } from 'node:crypto';
import type { Config } from '../settings/config.ts';

/** Characters of a token: 132 bits. */
const TOKEN_CHARACTERS = 22;

/**
 * Tokens of links into rooms. The log has their hashes alone, so that readers of a room cannot use its links. A token follows from its
 * act and the signing secret, so that a repeat of the act answers the same one.
 */
export class LinkTokens {
  readonly #config: Pick<Config, 'authSecret'>;

  /** @param config read at each use, as it may change */
  constructor(config: Pick<Config, 'authSecret'>) {
    this.#config = config;
  }

  /** Token of the link that an act of a user makes. */
  tokenOf(user: string, room: string, id: string): string {
    const act = JSON.stringify(['link', user, room, id]);
    return createHmac('sha256', this.#config.authSecret).update(act).digest('base64url').slice(0, TOKEN_CHARACTERS);
  }
}

/** Hash by which a room knows a link. */
export const linkHash = (token: string): string => createHash('sha256').update(token).digest('base64url');
