import { SignJWT } from 'jose';
import { checkUser } from '../../access/token.ts';
import { TokenRefused } from '../../access/token-refused.ts';
import type { Config } from '../../settings/config.ts';
import type { HttpAnswer, HttpRequest } from '../answer.ts';

/** Seconds for which a development token is valid. */
const TTL_SECONDS = 3_600;

/**
 * Serves `POST /dev/token {"user": "alice"}` -> `{"token"}`: signs in any user without a password. Only with the option
 * devSignIn.
 */
export function devTokenRoute(config: Pick<Config, 'authSecret' | 'authIssuer' | 'authAudience'>) {
  return async (request: HttpRequest): Promise<HttpAnswer> => {
    if (request.method !== 'POST') return answer('405 Method Not Allowed', { error: 'use POST' }, { allow: 'POST' });
    try {
      const { user } = JSON.parse(Buffer.from(request.body).toString('utf8')) as { user?: unknown };
      const token = new SignJWT({ sub: checkUser(user) }).setProtectedHeader({ alg: 'HS256' });
      token.setIssuedAt().setExpirationTime(`${TTL_SECONDS}s`);
      const { authSecret, authIssuer, authAudience } = config; // as they are now
      if (authIssuer !== '') token.setIssuer(authIssuer);
      if (authAudience !== '') token.setAudience(authAudience);
      return answer('200 OK', { token: await token.sign(new TextEncoder().encode(authSecret)) });
    } catch (error) {
      const why = error instanceof TokenRefused ? error.message : 'the body must be {"user": "a name"}';
      return answer('400 Bad Request', { error: why });
    }
  };
}

const answer = (status: string, body: object, headers: Readonly<Record<string, string>> = {}): HttpAnswer => ({
  status,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  body: JSON.stringify(body),
});
