import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Registry } from 'prom-client';
import { adminRoutes } from '../../operator/admin-routes.ts';
import { adminServer, text } from '../../server/process/admin.ts';
import { ask } from '../support/chat/raw-http.ts';

type Routes = Parameters<typeof adminServer>[1];

async function serving(t: TestContext, routes: Routes, failed: (error: unknown) => void = () => undefined) {
  const server = await adminServer(0, routes, failed);
  t.after(() => server.stop());
  return server.port;
}

const ofServer: Routes = {
  '/readyz': () => text(200, 'ready'),
  '/broken': () => {
    throw new Error('a bug');
  },
};

function ofOperator(): Routes {
  const registry = new Registry();
  registry.metrics = () => Promise.reject(new Error('a bug'));
  return adminRoutes(registry, () => ({ dead: [], unready: [], without: [] }));
}

for (const { of, routes, broken } of [
  { of: 'a gateway or worker', routes: ofServer, broken: '/broken' },
  { of: 'the operator', routes: ofOperator(), broken: '/metrics' },
]) {
  test(`the admin port of ${of} answers any path, also one no URL can be made of`, async t => {
    const failures: unknown[] = [];
    const port = await serving(t, routes, error => failures.push(String(error)));
    for (const [path, status] of [
      ['/readyz', 200],
      ['/readyz?verbose', 200],
      ['//', 404],
      ['http://', 404],
      ['/constructor', 404],
      [broken, 500],
    ] as const)
      assert.equal((await ask(port, 'GET', path)).status, status, path);
    assert.deepEqual(failures, ['Error: a bug']);
  });

  test(`the admin port of ${of} answers HEAD without content, and other methods with 405 and what it takes`, async t => {
    const port = await serving(t, routes);
    const get = await ask(port, 'GET', '/readyz');
    assert.ok(get.body.length > 0);
    const head = await ask(port, 'HEAD', '/readyz');
    assert.deepEqual([head.status, head.body], [200, '']);
    assert.equal(head.headers['content-length'], String(get.body.length));
    for (const method of ['POST', 'DELETE', 'PUT', 'OPTIONS']) {
      const refused = await ask(port, method, '/readyz');
      assert.deepEqual([refused.status, refused.headers['allow']], [405, 'GET, HEAD'], method);
      assert.equal((await ask(port, method, '/nothing')).status, 404, method);
    }
  });
}

test('a gateway or worker keeps the connection of whom asks again a minute later', async t => {
  const answer = await fetch(`http://127.0.0.1:${await serving(t, ofServer)}/readyz`);
  const [, seconds] = /timeout=(\d+)/.exec(answer.headers.get('keep-alive') ?? '') ?? [];
  assert.ok(Number(seconds) > 60, `it is kept for ${seconds} s`);
});
