import { errors, jwtVerify } from 'jose';
import { type Clocks, type Moment, momentAfter } from '../clock.ts';
import type { SigningSecrets } from './secrets.ts';

export interface Identity {
  /** The claim `sub`. */
  readonly user: string;
  /**
   * When it expires: what was left of its life when it was checked, from then on. Infinity if the token has no `exp`. A time
   * of day that is set afterwards neither ends nor prolongs a connection.
   */
  readonly expiresAt: Moment;
  /** The claim `rooms`: rooms of kinds with access `Claim`; `kind:*` stands for all of a kind. */
  readonly rooms: readonly string[];
}

/** Why a token is no good. `expired` may be answered with a new token, `invalid` never. */
export class TokenRefused extends Error {
  readonly reason: 'expired' | 'invalid';
  constructor(reason: 'expired' | 'invalid', message: string) {
    super(message);
    this.name = 'TokenRefused';
    this.reason = reason;
  }
}

export type VerifyToken = (token: string) => Promise<Identity>;

/** Longest user id, in characters. */
export const MAX_USER_LENGTH = 128;
/** Most rooms a token may list. */
const MAX_ROOMS = 1_000;

/** @throws {TokenRefused} with `invalid` for anything but 1 to {@link MAX_USER_LENGTH} printable characters */
export function checkUser(user: unknown): string {
  const fits = typeof user === 'string' && user.length > 0 && user.length <= MAX_USER_LENGTH && user.isWellFormed();
  if (!fits || /\p{Cc}/u.test(user))
    throw new TokenRefused('invalid', `a user must have 1 to ${MAX_USER_LENGTH} printable characters`);
  return user;
}

function checkRooms(rooms: unknown): readonly string[] {
  if (rooms === undefined) return [];
  const fits = Array.isArray(rooms) && rooms.length <= MAX_ROOMS && rooms.every(room => typeof room === 'string');
  if (!fits) throw new TokenRefused('invalid', `the claim rooms must be a list of at most ${MAX_ROOMS} names`);
  return rooms;
}

export interface VerifierOptions extends Clocks {
  /** Read at each use: what may change has getters. Empty: not checked. */
  readonly issuer: string;
  readonly audience: string;
  /** Told of each good token that is signed with a secret that was replaced. Default: nobody. */
  readonly replacedUsed?: () => void;
}

/** Checks HS256 signature, `exp`, `nbf`, and `iss` and `aud` where they are configured. */
export function tokenVerifier(secrets: SigningSecrets, options: VerifierOptions): VerifyToken {
  const verified = async (token: string) => {
    const rules = {
      algorithms: ['HS256'],
      currentDate: new Date(options.wallClock()),
      ...(options.issuer === '' ? {} : { issuer: options.issuer }),
      ...(options.audience === '' ? {} : { audience: options.audience }),
    };
    const [current, ...replaced] = secrets.keys(options.now());
    try {
      return await jwtVerify(token, current as Uint8Array, rules);
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
      for (const key of replaced) {
        const found = await jwtVerify(token, key, rules).catch(unlessForged);
        if (!found) continue;
        options.replacedUsed?.();
        return found;
      }
      throw error;
    }
  };
  return async token => {
    try {
      const { payload } = await verified(token);
      return {
        user: checkUser(payload.sub),
        expiresAt: momentAfter(options.now(), (payload.exp ?? Number.POSITIVE_INFINITY) * 1000 - options.wallClock()),
        rooms: checkRooms(payload['rooms']),
      };
    } catch (error) {
      if (error instanceof TokenRefused) throw error;
      if (error instanceof errors.JWTExpired) throw new TokenRefused('expired', 'the token has expired');
      throw new TokenRefused(
        'invalid',
        error instanceof errors.JOSEError ? error.message : 'the token is not readable',
      );
    }
  };
}

function unlessForged(error: unknown): null {
  if (error instanceof errors.JWSSignatureVerificationFailed) return null;
  throw error;
}
