import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type JWTPayload, SignJWT } from 'jose';
import { SigningSecrets } from '../../server/auth/secrets.ts';
import { checkUser, MAX_USER_LENGTH, TokenRefused, tokenVerifier } from '../../server/auth/token.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { SECRET, tokenFor } from '../support/token.ts';

const NOW = 1_700_000_000;
const secrets = new SigningSecrets(SECRET, { graceMs: () => 0, previous: () => '' });
const clock = new ManualClock(NOW * 1000);
const clocks = { now: () => clock.now(), wallClock: () => clock.wallClock() };
const verify = tokenVerifier(secrets, { issuer: '', audience: '', ...clocks });
const strict = tokenVerifier(secrets, { issuer: 'us', audience: 'chat', ...clocks });

async function refusal(token: string, by = verify): Promise<string> {
  try {
    await by(token);
    return 'accepted';
  } catch (error) {
    assert.ok(error instanceof TokenRefused, String(error));
    assert.ok(token === '' || !error.message.includes(token));
    return error.reason;
  }
}

test('a good token names its user, its rooms and when it ends', async () => {
  const token = await tokenFor('alice', { exp: NOW + 1, nbf: NOW, rooms: ['group:a'] });
  assert.deepEqual(await verify(token), { user: 'alice', expiresAt: clock.now() + 1_000, rooms: ['group:a'] });
  const endless = await verify(await tokenFor('阿丽 "x"'));
  assert.deepEqual(endless, { user: '阿丽 "x"', expiresAt: Number.POSITIVE_INFINITY, rooms: [] });
});

for (const { what, claims, reason } of [
  { what: 'an expired token', claims: { exp: NOW }, reason: 'expired' },
  { what: 'a token of tomorrow', claims: { nbf: NOW + 86_400 }, reason: 'invalid' },
  { what: 'a token without a user', claims: { sub: undefined }, reason: 'invalid' },
  { what: 'a token with an empty user', claims: { sub: '' }, reason: 'invalid' },
  { what: 'a token whose user is a number', claims: { sub: 7 }, reason: 'invalid' },
  { what: 'a token whose user breaks lines', claims: { sub: 'a\r\nb' }, reason: 'invalid' },
  { what: 'a token with too long a user', claims: { sub: 'x'.repeat(MAX_USER_LENGTH + 1) }, reason: 'invalid' },
  { what: 'a token whose expiry is text', claims: { exp: 'never' }, reason: 'invalid' },
  { what: 'a token whose rooms are text', claims: { rooms: 'group:a' }, reason: 'invalid' },
  { what: 'a token whose rooms hold a number', claims: { rooms: ['group:a', 1] }, reason: 'invalid' },
  { what: 'a token with too many rooms', claims: { rooms: Array(1_001).fill('group:a') }, reason: 'invalid' },
]) {
  test(`${what} is ${reason}`, async () => {
    // Signed as it is: the point is what a key holder may get wrong.
    assert.equal(await refusal(await tokenFor('alice', claims as unknown as JWTPayload)), reason);
  });
}

for (const { what, token } of [
  { what: 'a token signed with another secret', token: () => tokenFor('alice', {}, `${SECRET}!`) },
  {
    what: 'a token without a signature',
    token: () => {
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      return `${part({ alg: 'none' })}.${part({ sub: 'alice' })}.`;
    },
  },
  {
    what: 'a token signed with another algorithm',
    token: () =>
      new SignJWT({ sub: 'alice' }).setProtectedHeader({ alg: 'HS512' }).sign(new TextEncoder().encode(SECRET)),
  },
  {
    what: 'a token whose claims were changed',
    token: async () =>
      (await tokenFor('bob')).replace(/\.[^.]+\./, `.${Buffer.from('{"sub":"alice"}').toString('base64url')}.`),
  },
  { what: 'no token at all', token: () => '' },
  { what: 'anything else', token: () => 'a.b.c\n' },
]) {
  test(`${what} is invalid`, async () => assert.equal(await refusal(await token()), 'invalid'));
}

test('issuer and audience are checked where they are configured', async () => {
  const by = async (claims: JWTPayload) => await refusal(await tokenFor('alice', claims), strict);
  assert.equal(await by({ iss: 'us', aud: 'chat' }), 'accepted');
  assert.equal(await by({ iss: 'us', aud: ['other', 'chat'] }), 'accepted');
  assert.equal(await by({ iss: 'them', aud: 'chat' }), 'invalid');
  assert.equal(await by({ iss: 'us', aud: 'other' }), 'invalid');
  assert.equal(await by({ iss: 'us' }), 'invalid');
  assert.equal(await by({ aud: 'chat' }), 'invalid');
});

test('a refusal of a user names the limit', () => {
  assert.throws(() => checkUser('x'.repeat(129)), /a user must have 1 to 128 printable characters/);
});

test('a secret that was replaced counts for its grace, and its use is told; without grace it counts no more', async () => {
  const time = new ManualClock(NOW * 1000);
  const world = { graceMs: 60_000, previous: '', used: 0 };
  const rotating = new SigningSecrets(SECRET, { graceMs: () => world.graceMs, previous: () => world.previous });
  const by = tokenVerifier(rotating, {
    issuer: 'us',
    audience: '',
    now: () => time.now(),
    wallClock: () => time.wallClock(),
    replacedUsed: () => {
      world.used += 1;
    },
  });
  const [old, next, last] = [SECRET, `${SECRET}-2`, `${SECRET}-3`];
  const seen = async () => {
    const tokens = [old, next, last].map(secret => tokenFor('alice', { iss: 'us' }, secret));
    return await Promise.all(tokens.map(async token => await refusal(await token, by)));
  };
  assert.deepEqual(await seen(), ['accepted', 'invalid', 'invalid']);
  rotating.replace(next, time.now());
  assert.deepEqual(await seen(), ['accepted', 'accepted', 'invalid']);
  assert.equal(world.used, 1);
  time.pass(40_000);
  rotating.replace(last, time.now());
  assert.deepEqual(await seen(), ['accepted', 'accepted', 'accepted']);
  const expired = await tokenFor('alice', { iss: 'us', exp: NOW }, old);
  assert.equal(await refusal(expired, by), 'expired');
  assert.equal(await refusal(await tokenFor('alice', { iss: 'them' }, old), by), 'invalid');
  time.pass(20_000);
  assert.deepEqual(await seen(), ['invalid', 'accepted', 'accepted']);
  world.graceMs = 0;
  assert.deepEqual(await seen(), ['invalid', 'invalid', 'accepted']);
  world.previous = old; // as a gateway reads it that was started after the change
  assert.deepEqual(await seen(), ['accepted', 'invalid', 'accepted']);
  world.previous = '';
  assert.deepEqual(await seen(), ['invalid', 'invalid', 'accepted']);
});
