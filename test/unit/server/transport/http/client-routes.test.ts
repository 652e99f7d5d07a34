import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SigningSecrets } from '../../../../../server/access/secrets.ts';
import { tokenVerifier } from '../../../../../server/access/token.ts';
import { loadConfig } from '../../../../../server/settings/config.ts';
import { systemClock } from '../../../../../server/time/clock.ts';
import { clientRoutes } from '../../../../../server/transport/http/client-routes.ts';
import { SECRET } from '../../../../../tools/support/token.ts';

const ENV = {
  CHAT_INSTANCE: 'test',
  CHAT_NATS_URL: 'nats://none',
  CHAT_MONGODB_URI: 'mongodb://none',
  CHAT_AUTH_SECRET: SECRET,
  CHAT_AUTH_ISSUER: 'us',
  CHAT_AUTH_AUDIENCE: 'chat',
};

async function routes(env: Record<string, string> = {}, ready = true) {
  const handle = await clientRoutes(loadConfig('gateway', { ...ENV, ...env }), () => ready);
  return async (method: string, path: string, body: string | Uint8Array = '') => {
    const answer = await handle({ method, path, body: Buffer.from(body) });
    return { ...answer, status: Number(answer.status.split(' ')[0]), body: Buffer.from(answer.body).toString() };
  };
}

test('readiness is answered on the client port', async () => {
  assert.equal((await (await routes())('GET', '/readyz')).status, 200);
  assert.equal((await (await routes({}, false))('GET', '/readyz')).status, 503);
});

test('the development sign-in does not exist unless it is enabled', async () => {
  assert.equal((await (await routes())('POST', '/dev/token', '{"user":"alice"}')).status, 404);
});

test('the development sign-in gives a token that the gateway accepts, for an hour, and nobody caches it', async () => {
  const ask = await routes({ CHAT_DEV_SIGN_IN: 'Enabled' });
  const { status, body, headers } = await ask('POST', '/dev/token', '{"user":"阿丽"}');
  assert.deepEqual([status, headers['cache-control']], [200, 'no-store']);
  const verify = tokenVerifier(new SigningSecrets(SECRET, { graceMs: () => 0, previous: () => '' }), {
    issuer: 'us',
    audience: 'chat',
    toleranceSeconds: 0,
    ...systemClock,
  });
  const identity = await verify((JSON.parse(body) as { token: string }).token);
  assert.equal(identity.user, '阿丽');
  const seconds = (identity.expiresAt - systemClock.now()) / 1000;
  assert.ok(seconds > 3_000 && seconds <= 3_600);
});

for (const body of [
  '',
  'null',
  '[]',
  '7',
  '{}',
  '{"user":7}',
  '{"user":""}',
  '{"user":"a\\nb"}',
  '{"user":"\\ud800"}',
  `{"user":"${'x'.repeat(251)}"}`,
  '{"__proto__":{"user":"x"}}',
  Buffer.from([0xff, 0xfe]),
]) {
  test(`the development sign-in refuses ${JSON.stringify(body.toString()).slice(0, 30)} and says what it takes`, async () => {
    const ask = await routes({ CHAT_DEV_SIGN_IN: 'Enabled' });
    const answer = await ask('POST', '/dev/token', body);
    assert.equal(answer.status, 400);
    assert.match((JSON.parse(answer.body) as { error: string }).error, /user/);
  });
}

test('every path names what it takes to those who ask for something else', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'page-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'index.html'), '<p>chat</p>');
  const config = loadConfig('gateway', { ...ENV, CHAT_DEV_SIGN_IN: 'Enabled', CHAT_WEB_PAGE: 'Enabled' });
  const handle = await clientRoutes(config, () => true, folder);
  const ask = async (method: string, path: string) => {
    const { status, headers } = await handle({ method, path, body: Buffer.from('{"user":"alice"}') });
    return [Number(status.split(' ')[0]), headers['allow']];
  };
  for (const path of ['/readyz', '/', '/index.html']) {
    assert.deepEqual(await ask('GET', path), [200, undefined], path);
    for (const method of ['DELETE', 'POST', 'PUT', 'OPTIONS'])
      assert.deepEqual(await ask(method, path), [405, 'GET, HEAD'], `${method} ${path}`);
  }
  assert.deepEqual(await ask('POST', '/dev/token'), [200, undefined]);
  for (const method of ['GET', 'DELETE']) assert.deepEqual(await ask(method, '/dev/token'), [405, 'POST'], method);
  for (const method of ['GET', 'POST']) assert.deepEqual(await ask(method, '/nothing'), [404, undefined], method);
});

test('nothing else is there, whatever the path looks like', async () => {
  const ask = await routes();
  for (const path of [
    '/',
    '/index.html',
    '//',
    '/../package.json',
    '/%2e%2e/package.json',
    '/constructor',
    '/__proto__',
  ])
    assert.equal((await ask('GET', path)).status, 404, path);
});

test('the page comes and goes with its option, and the sign-in signs with the secret of now', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'page-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'index.html'), '<p>chat</p>');
  const config = loadConfig('gateway', { ...ENV, CHAT_DEV_SIGN_IN: 'Enabled' });
  const ask = await clientRoutes(config, () => true, folder);
  const page = async () => (await ask({ method: 'GET', path: '/', body: Buffer.from('') })).status;
  assert.equal(await page(), '404 Not Found');
  Object.assign(config, { webPage: 'Enabled', authSecret: `${SECRET}-2`, authIssuer: 'others' });
  assert.equal(await page(), '200 OK');
  const { body } = await ask({ method: 'POST', path: '/dev/token', body: Buffer.from('{"user":"alice"}') });
  const verify = tokenVerifier(new SigningSecrets(`${SECRET}-2`, { graceMs: () => 0, previous: () => '' }), {
    issuer: 'others',
    audience: 'chat',
    toleranceSeconds: 0,
    ...systemClock,
  });
  assert.equal((await verify((JSON.parse(body.toString()) as { token: string }).token)).user, 'alice');
  Object.assign(config, { webPage: 'Disabled' });
  assert.equal(await page(), '404 Not Found');
});
