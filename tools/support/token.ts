import { type JWTPayload, SignJWT } from 'jose';

/** Secret of every gateway the tests start. */
export const SECRET = 'a-secret-for-tests-that-nobody-else-has';

/** A token of `user` that never expires; `claims` add to it or replace, times in seconds since 1970. */
export async function tokenFor(user: string, claims: JWTPayload = {}, secret = SECRET): Promise<string> {
  return await new SignJWT({ sub: user, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(secret));
}

/** Now, in seconds since 1970, as tokens count. */
export function epochSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
