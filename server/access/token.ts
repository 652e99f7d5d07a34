import { errors, type JWTPayload, jwtVerify } from 'jose';
import { type Clocks, type Moment, momentAfter } from '../time/clock.ts';
import { isUser, USER_RULE } from './names.ts';
import type { SigningSecrets } from './secrets.ts';
import { TokenRefused } from './token-refused.ts';

export interface Identity {
  /** Claim `sub`. */
  readonly user: string;
  /**
   * Moment of expiry, computed once when the token was checked: setting the time of day afterwards neither ends nor prolongs
   * a connection. Infinity if the token has no `exp`.
   */
  readonly expiresAt: Moment;
  /** Claim `rooms`: rooms of kinds with access `Claim`; `kind:*` stands for all rooms of a kind. */
  readonly rooms: readonly string[];
  /** Claim `roles`. Missing: none. */
  readonly roles?: readonly string[];
}

export type VerifyToken = (token: string) => Promise<Identity>;

/** Most rooms a token may list. */
const MAX_ROOMS = 1_000;

/** Most roles a token may list. */
const MAX_ROLES = 100;

/** Checks the claim `sub`. @throws {TokenRefused} for anything but the id of a user, see {@link isUser} */
export function checkUser(user: unknown): string {
  if (!isUser(user)) throw new TokenRefused('user', `a user ${USER_RULE}`);
  return user;
}

function checkNames(claim: string, names: unknown, most: number): readonly string[] {
  if (names === undefined) return [];
  const fits = Array.isArray(names) && names.length <= most && names.every(name => typeof name === 'string');
  if (!fits) throw new TokenRefused('claims', `the claim ${claim} must be a list of at most ${most} names`);
  return names;
}

export interface VerifierOptions extends Clocks {
  /** Required claim `iss`, read at each use. Empty: not checked. */
  readonly issuer: string;
  /** Required claim `aud`, read at each use. Empty: not checked. */
  readonly audience: string;
  /** Seconds by which the clocks of the signer and of this machine may differ, for `nbf` and `exp`. */
  readonly toleranceSeconds: number;
  /** Called for each good token that is signed with a replaced secret. */
  readonly replacedUsed?: () => void;
  /** Called for each claim of a good token that has no effect, or not the one its writer expects. */
  readonly noticed?: (notice: TokenNotice) => void;
}

/** Claims that other servers of the protocol read and this one ignores. */
const UNREAD = ['info', 'b64info', 'channels', 'subs', 'meta', 'expire_at'] as const;
/** Claim that is reported to the administrator. `exp`: so far ahead that it must be in milliseconds. */
export type TokenNotice = (typeof UNREAD)[number] | 'exp';
/** Seconds since 1970 in the year 5138; a time of today in milliseconds is above it. */
const FAR_AHEAD = 1e11;

/** Makes a check of HS256 signature, `exp`, `nbf`, and `iss` and `aud` where they are configured. `iat` is ignored. */
export function tokenVerifier(secrets: SigningSecrets, options: VerifierOptions): VerifyToken {
  const verified = async (token: string) => {
    const rules = {
      algorithms: ['HS256'],
      currentDate: new Date(options.wallClock()),
      clockTolerance: options.toleranceSeconds,
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
      const roles = checkNames('roles', payload['roles'], MAX_ROLES);
      const identity = {
        user: checkUser(payload.sub),
        expiresAt: momentAfter(options.now(), expiryOf(payload) - options.wallClock()),
        rooms: checkNames('rooms', payload['rooms'], MAX_ROOMS),
        ...(roles.length > 0 ? { roles } : {}),
      };
      for (const claim of UNREAD) if (claim in payload) options.noticed?.(claim);
      if ((payload.exp ?? 0) > FAR_AHEAD) options.noticed?.('exp');
      return identity;
    } catch (error) {
      throw refusalOf(error, options);
    }
  };
}

/** Expiry in milliseconds since 1970; Infinity for a token without `exp`. */
function expiryOf({ exp }: JWTPayload): number {
  if (exp === undefined) return Number.POSITIVE_INFINITY;
  const expiry = exp * 1000;
  if (!Number.isFinite(expiry)) throw new TokenRefused('claims', 'the claim exp must be a time in seconds since 1970');
  return expiry;
}

/** Refusal for a failed check. It names claims only if the signature was good. */
function refusalOf(error: unknown, options: VerifierOptions): TokenRefused {
  if (error instanceof TokenRefused) return error;
  const seconds = options.wallClock() / 1000;
  if (error instanceof errors.JWTExpired)
    return new TokenRefused('expired', `the token expired ${Math.ceil(seconds - (error.payload.exp ?? 0))} s ago`);
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return new TokenRefused('signature', 'the signature was made with none of the secrets of this gateway');
  if (error instanceof errors.JOSEAlgNotAllowed)
    return new TokenRefused('algorithm', 'the token is not signed with HS256');
  if (!(error instanceof errors.JWTClaimValidationFailed))
    return new TokenRefused(
      'malformed',
      error instanceof errors.JOSEError ? error.message : 'the token cannot be read',
    );
  const { claim, payload, reason } = error;
  const found = payload[claim] === undefined ? `there is no claim ${claim}` : `${claim} is ${shown(payload[claim])}`;
  if (claim === 'iss') return new TokenRefused('issuer', `${found}, this gateway expects ${shown(options.issuer)}`);
  if (claim === 'aud') return new TokenRefused('audience', `${found}, this gateway expects ${shown(options.audience)}`);
  if (claim === 'nbf' && reason === 'check_failed')
    return new TokenRefused(
      'early',
      `the token is not valid yet: it will be in ${Math.ceil((payload.nbf ?? 0) - seconds)} s`,
    );
  return new TokenRefused('claims', error.message);
}

/** Most characters of a claim that are shown. */
const MOST_SHOWN = 200;
const shown = (value: unknown): string => JSON.stringify(value).slice(0, MOST_SHOWN);

function unlessForged(error: unknown): null {
  if (error instanceof errors.JWSSignatureVerificationFailed) return null;
  throw error;
}
