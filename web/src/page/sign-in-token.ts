import type { StringKey } from '../i18n/en.ts';

const TOKEN_PATH = 'dev/token';

/** Failure to get a token, with the text to show. `final`: the server would refuse the same request again. */
export class TokenError extends Error {
  readonly text: StringKey;
  readonly final: boolean;

  constructor(text: StringKey, final: boolean) {
    super(text);
    this.name = 'TokenError';
    this.text = text;
    this.final = final;
  }
}

/** Asks the development sign-in for a token. @throws {TokenError} */
export async function fetchToken(user: string): Promise<string> {
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(new URL(TOKEN_PATH, document.baseURI), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ user }),
      cache: 'no-store',
    });
    body = response.ok ? await response.json() : null;
  } catch {
    throw new TokenError('signIn.unreachable', false);
  }
  if (response.status === 400 || response.status === 422) throw new TokenError('signIn.badName', true);
  if ([401, 403, 404, 405].includes(response.status)) throw new TokenError('signIn.disabled', true);
  const token = (body as { token?: unknown } | null)?.token;
  if (typeof token !== 'string') throw new TokenError('signIn.unreachable', false);
  return token;
}
