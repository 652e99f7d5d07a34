import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headers } from '@nats-io/transport-node';
import { SignJWT } from 'jose';
import { SigningSecrets } from '../../../server/access/secrets.ts';
import { tokenVerifier } from '../../../server/access/token.ts';
import { TokenRefused } from '../../../server/access/token-refused.ts';
import { deliveryInfo } from '../../../server/bus/delivery.ts';
import { HEADERS } from '../../../server/room/message.ts';
import { parseAnnotations } from '../../../server/settings/annotations.ts';
import { loadConfig } from '../../../server/settings/config.ts';
import { intentIn } from '../../../server/settings/intent.ts';
import { toDocument } from '../../../server/store/document.ts';
import { systemClock } from '../../../server/time/clock.ts';
import { clientRoutes } from '../../../server/transport/http/client-routes.ts';
import { sortDeliveries } from '../../../server/worker/logged-message.ts';
import { integer, pick } from '../../../tools/support/random.ts';
import { SECRET, tokenFor } from '../../../tools/support/token.ts';
import { anyJson, fuzz, mutated, type Random } from '../../support/fuzz/fuzz.ts';

const text = (random: Random, corpus: readonly string[]) =>
  Buffer.from(
    mutated(
      random,
      corpus.map(each => Buffer.from(each)),
    ),
  ).toString('latin1');

const verify = tokenVerifier(new SigningSecrets(SECRET, { graceMs: () => 0, previous: () => '' }), {
  issuer: 'us',
  audience: 'chat',
  toleranceSeconds: 5,
  ...systemClock,
});
const good = await tokenFor('alice', { iss: 'us', aud: 'chat' });

async function identityOrRefusal(token: string): Promise<void> {
  const identity = await verify(token).catch((error: unknown) => error);
  if (identity instanceof TokenRefused) return;
  if (identity instanceof Error) throw identity;
  const { user, expiresAt, rooms } = identity as Awaited<ReturnType<typeof verify>>;
  assert.ok(typeof user === 'string' && user !== '' && user.isWellFormed());
  assert.ok(typeof expiresAt === 'number' && !Number.isNaN(expiresAt));
  assert.ok(rooms.every(room => typeof room === 'string'));
}

test('the token that is changed is good', async () => {
  assert.equal((await verify(good)).user, 'alice');
});

fuzz('a changed token is an identity or a refusal', [1, 2], 300, random => identityOrRefusal(text(random, [good])));

fuzz('a signed token with any claims is an identity or a refusal', [1, 2], 150, async random => {
  const claim = () => anyJson(random, 2);
  const claims = {
    sub: claim(),
    exp: claim(),
    nbf: claim(),
    iss: pick(random, ['us', claim()]),
    aud: 'chat',
    rooms: claim(),
  };
  const kept = Object.entries(claims).filter(() => random() < 0.7);
  const signed = new SignJWT(Object.fromEntries(kept)).setProtectedHeader({ alg: 'HS256' });
  const token = await signed.sign(new TextEncoder().encode(SECRET)).catch(() => null); // jose refuses some itself
  if (token !== null) await identityOrRefusal(token);
});

const env = {
  CHAT_INSTANCE: 'test',
  CHAT_NATS_URL: 'nats://none',
  CHAT_MONGODB_URI: 'mongodb://none',
  CHAT_AUTH_SECRET: SECRET,
  CHAT_DEV_SIGN_IN: 'Enabled',
};
const http = await clientRoutes(loadConfig('gateway', env), () => true);

fuzz('any HTTP request is answered, and never with 500', [1, 2], 300, async random => {
  const answer = await http({
    method: pick(random, ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', text(random, ['GET'])]),
    path: text(random, ['/readyz', '/dev/token', '/', '/../../etc/passwd', '//', '/%2e%2e/']),
    body: mutated(random, [Buffer.from('{"user":"alice"}'), Buffer.from(JSON.stringify({ user: anyJson(random) }))]),
  });
  assert.match(answer.status, /^[1-4]\d\d /);
  for (const [name, value] of Object.entries(answer.headers)) assert.doesNotMatch(`${name}${value}`, /[\r\n]/);
});

const ANNOTATIONS = [
  'chatcluster.dev/traffic="{\\"reason\\":\\"ScaleDown\\",\\"since\\":\\"2026-01-01T00:00:00Z\\",\\"keep\\":3,\\"perSecond\\":5}"\n',
  'a="\\x41\\u00e9\\U0001f600\\n"\n',
];
fuzz('any file of annotations is read, and what is wanted by it can be acted on', [1, 2], 1_000, random => {
  const file = text(random, ANNOTATIONS);
  for (const value of parseAnnotations(file).values()) assert.equal(typeof value, 'string');
  const wanted = intentIn(file);
  if (wanted?.keep === undefined) return;
  assert.ok(Number.isSafeInteger(wanted.keep) && wanted.keep >= 0, file);
  assert.ok((wanted.perSecond ?? 0) > 0 && Number.isFinite(wanted.perSecond), file);
});

fuzz('any subject that a delivery is acknowledged on is read or refused', [1, 2], 1_000, random => {
  const info = deliveryInfo(
    text(random, [
      '$JS.ACK.S.store.2.1000007.55.1763741234567890123.9',
      '$JS.ACK.h.A.S.store.2.7.5.1763741234567890123.9.r',
    ]),
  );
  if (info) for (const number of Object.values(info)) assert.ok(Number.isFinite(number));
});

const NAMES = Object.values(HEADERS);
fuzz('any message of a stream becomes a document that can be stored, or is set aside', [1, 2], 500, random => {
  const found = headers();
  for (const name of NAMES)
    if (random() < 0.6) found.append(name, text(random, ['1', '%E0%A4%A', 'abc', '1e400']).replace(/[\r\n]/g, ''));
  const delivery = {
    subject: `log.${text(random, ['channel%3Aa', '%E0%A4%A', 'a.b'])}`,
    headers: random() < 0.1 ? undefined : found,
    brokenHeaders: random() < 0.1 ? Buffer.from('NATS/1.0\r\n') : null,
    data: mutated(random, [Buffer.from('{"text":"hello"}'), Buffer.from('null')]),
    sequence: 1 + integer(random, 1_000),
    storedAt: 1_763_741_234_567_890,
    deliveries: 1,
    consumerSequence: 1,
    ack: () => undefined,
    working: () => undefined,
    release: () => undefined,
  };
  const { messages, unreadable } = sortDeliveries([delivery], 'log.', 'e');
  assert.equal(messages.length + unreadable.length, 1);
  for (const message of [...messages, ...unreadable.map(each => each.message)]) {
    const document = toDocument(0, message);
    assert.ok(!Number.isNaN(document.time.getTime()));
    for (const value of [document.room, document.type, document.user, document.client])
      assert.equal(typeof value, 'string');
  }
  for (const message of messages) assert.doesNotThrow(() => JSON.parse(Buffer.from(message.body).toString()));
});
