import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Config } from '../settings/config.ts';

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** Bytes to which places are filled up, so that the length of a cursor does not tell which user it is about. */
const BLOCK_BYTES = 64;

/** Most characters of a cursor whose place is an id: enough for the longest one. */
export const MOST_CURSOR = 2_000;

/**
 * Cursors that clients cannot read: of lists that pass over users whom the caller may not see, so that such a user may be the place to go
 * on from, and of lists whose place is all that is left of them. Only gateways with the signing secret read and make them. After a change
 * of the secret a list begins anew.
 */
export class SealedCursors {
  readonly #config: Pick<Config, 'authSecret'>;

  /** @param config read at each use, as it may change */
  constructor(config: Pick<Config, 'authSecret'>) {
    this.#config = config;
  }

  /** @param list what the list is of: the verb, the caller, and all parameters that select from it */
  seal(list: readonly string[], place: string): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key(), iv).setAAD(Buffer.from(JSON.stringify(list)));
    const text = Buffer.from(JSON.stringify(place));
    const filled = Buffer.alloc(Math.ceil(text.length / BLOCK_BYTES) * BLOCK_BYTES, ' ');
    text.copy(filled);
    return Buffer.concat([iv, cipher.update(filled), cipher.final(), cipher.getAuthTag()]).toString('base64url');
  }

  /** Place that a cursor names. @throws {CommandError} 107 for one of another list */
  open(list: readonly string[], cursor: string): string {
    const bytes = Buffer.from(cursor, 'base64url');
    try {
      const decipher = createDecipheriv(CIPHER, this.#key(), bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(JSON.stringify(list))).setAuthTag(bytes.subarray(-TAG_BYTES));
      const text = [decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()];
      return JSON.parse(Buffer.concat(text).toString('utf8')) as string;
    } catch {
      throw new CommandError(ERRORS.badRequest, 'cursor must be one of this list');
    }
  }

  #key(): Buffer {
    return createHmac('sha256', this.#config.authSecret).update('cursors').digest();
  }
}
