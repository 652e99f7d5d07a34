import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { type JWTPayload, SignJWT } from 'jose';
import { MAX_USER_BYTES } from '../../../../server/access/names.ts';
import { SigningSecrets } from '../../../../server/access/secrets.ts';
import { checkUser, tokenVerifier } from '../../../../server/access/token.ts';
import { TokenRefused } from '../../../../server/access/token-refused.ts';
import { userId } from '../../../../server/chat/room-params.ts';
import { SECRET, tokenFor } from '../../../../tools/support/token.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';

const NOW = 1_700_000_000;
const secrets = new SigningSecrets(SECRET, { graceMs: () => 0, previous: () => '' });
const clock = new ManualClock(NOW * 1000);
const clocks = { now: () => clock.now(), wallClock: () => clock.wallClock() };
const rules = { issuer: '', audience: '', toleranceSeconds: 0, ...clocks };
const verify = tokenVerifier(secrets, rules);
const strict = tokenVerifier(secrets, { ...rules, issuer: 'us', audience: 'chat' });

async function refused(token: string, by = verify): Promise<TokenRefused | null> {
  try {
    await by(token);
    return null;
  } catch (error) {
    assert.ok(error instanceof TokenRefused, String(error));
    assert.ok(token === '' || !error.message.includes(token));
    return error;
  }
}
const refusal = async (token: string, by = verify) => (await refused(token, by))?.reason ?? 'accepted';

test('a good token names its user, its rooms and when it ends', async () => {
  const token = await tokenFor('alice', { exp: NOW + 1, nbf: NOW, rooms: ['group:a'] });
  assert.deepEqual(await verify(token), { user: 'alice', expiresAt: clock.now() + 1_000, rooms: ['group:a'] });
  const service = await verify(await tokenFor('billing', { roles: ['service', 'other'] }));
  assert.deepEqual(service.roles, ['service', 'other']);
  const endless = await verify(await tokenFor('阿丽 "x"'));
  assert.deepEqual(endless, { user: '阿丽 "x"', expiresAt: Number.POSITIVE_INFINITY, rooms: [] });
});

for (const { what, claims, reason } of [
  { what: 'an expired token', claims: { exp: NOW }, reason: 'expired' },
  { what: 'a token of tomorrow', claims: { nbf: NOW + 86_400 }, reason: 'early' },
  { what: 'a token that ended before 1970', claims: { exp: -1 }, reason: 'expired' },
  { what: 'a token without a user', claims: { sub: undefined }, reason: 'invalid' },
  { what: 'a token with an empty user', claims: { sub: '' }, reason: 'invalid' },
  { what: 'a token whose user is a number', claims: { sub: 7 }, reason: 'invalid' },
  { what: 'a token whose user breaks lines', claims: { sub: 'a\r\nb' }, reason: 'invalid' },
  { what: 'a token with too long a user', claims: { sub: 'x'.repeat(MAX_USER_BYTES + 1) }, reason: 'invalid' },
  { what: 'a token whose expiry is text', claims: { exp: 'never' }, reason: 'invalid' },
  { what: 'a token whose rooms are text', claims: { rooms: 'group:a' }, reason: 'invalid' },
  { what: 'a token whose rooms hold a number', claims: { rooms: ['group:a', 1] }, reason: 'invalid' },
  { what: 'a token whose roles are text', claims: { roles: 'service' }, reason: 'invalid' },
  { what: 'a token with too many roles', claims: { roles: Array(101).fill('service') }, reason: 'invalid' },
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

for (const { what, claims, reason } of [
  { what: 'begins within the tolerance', claims: { nbf: NOW + 5 }, reason: 'accepted' },
  { what: 'begins after it', claims: { nbf: NOW + 6 }, reason: 'early' },
  { what: 'ended within the tolerance', claims: { exp: NOW - 4 }, reason: 'accepted' },
  { what: 'ended before it', claims: { exp: NOW - 5 }, reason: 'expired' },
  { what: 'was issued in the future', claims: { iat: NOW + 86_400 }, reason: 'accepted' },
]) {
  test(`with a tolerance of 5 s a token that ${what} is ${reason}`, async () => {
    const by = tokenVerifier(secrets, { ...rules, toleranceSeconds: 5 });
    assert.equal(await refusal(await tokenFor('alice', claims), by), reason);
  });
}

test('the tolerance may change while the gateway runs', async () => {
  const changing = { ...rules };
  const by = tokenVerifier(secrets, changing);
  const token = await tokenFor('alice', { nbf: NOW + 2 });
  assert.equal(await refusal(token, by), 'early');
  changing.toleranceSeconds = 2;
  assert.equal(await refusal(token, by), 'accepted');
});

test('an expiry that is no time is refused, one in the far future is taken as it is', async () => {
  const part = (json: string) => Buffer.from(json).toString('base64url');
  const head = `${part('{"alg":"HS256"}')}.${part('{"sub":"alice","exp":1e400}')}`;
  const token = `${head}.${createHmac('sha256', SECRET).update(head).digest('base64url')}`;
  assert.deepEqual([(await refused(token))?.reason, (await refused(token))?.fault], ['invalid', 'claims']);
  const { expiresAt } = await verify(await tokenFor('alice', { exp: NOW * 1000 }));
  assert.equal(expiresAt, clock.now() + NOW * 1000 * 999);
});

for (const { fault, token, message } of [
  { fault: 'signature', token: () => tokenFor('alice', {}, `${SECRET}!`), message: /signature/ },
  {
    fault: 'algorithm',
    token: () =>
      new SignJWT({ sub: 'alice' }).setProtectedHeader({ alg: 'HS512' }).sign(new TextEncoder().encode(SECRET)),
    message: /HS256/,
  },
  { fault: 'issuer', token: () => tokenFor('alice', { iss: 'them', aud: 'chat' }), message: /"them".*"us"/ },
  { fault: 'audience', token: () => tokenFor('alice', { iss: 'us' }), message: /no claim aud.*"chat"/ },
  { fault: 'user', token: () => tokenFor('', { iss: 'us', aud: 'chat' }), message: /a user must have/ },
  { fault: 'claims', token: () => tokenFor('a', { iss: 'us', aud: 'chat', rooms: 1 }), message: /rooms/ },
  { fault: 'early', token: () => tokenFor('a', { iss: 'us', aud: 'chat', nbf: NOW + 90 }), message: /in 90 s/ },
  { fault: 'expired', token: () => tokenFor('a', { iss: 'us', aud: 'chat', exp: NOW - 90 }), message: /90 s ago/ },
  { fault: 'malformed', token: async () => 'a.b.c', message: /./ },
  { fault: 'malformed', token: async () => '', message: /./ },
]) {
  test(`a refusal says that the ${fault} is to be mended`, async () => {
    const refusal = await refused(await token(), strict);
    assert.equal(refusal?.fault, fault);
    assert.match(refusal?.message ?? '', message);
  });
}

test('what is not read of a token, and an expiry in milliseconds, is noticed', async () => {
  const noticed: string[] = [];
  const by = tokenVerifier(secrets, { ...rules, noticed: notice => noticed.push(notice) });
  await by(await tokenFor('alice', { rooms: ['group:a'], exp: NOW + 60, jti: 'x' }));
  assert.deepEqual(noticed, []);
  await by(await tokenFor('alice', { info: { name: 'A' }, channels: ['channel:a'], exp: NOW * 1000 }));
  assert.deepEqual(noticed, ['info', 'channels', 'exp']);
});

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
  assert.throws(() => checkUser('é'.repeat(126)), /a user must have 1 to 250 bytes/);
});

test('no user has the name by which acts on a room mean everybody', () => {
  assert.throws(() => checkUser('*'), /and not be `\*`/);
  assert.throws(
    () => userId.read('*', 'user'),
    /user must have 1 to 250 bytes of printable characters, and not be `\*`/,
  );
  assert.equal(checkUser('**'), '**');
});

test('a secret that was replaced counts for its grace, and its use is told; without grace it counts no more', async () => {
  const time = new ManualClock(NOW * 1000);
  const world = { graceMs: 60_000, previous: '', used: 0 };
  const rotating = new SigningSecrets(SECRET, { graceMs: () => world.graceMs, previous: () => world.previous });
  const by = tokenVerifier(rotating, {
    ...rules,
    issuer: 'us',
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
