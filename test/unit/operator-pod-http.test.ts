import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Pod } from '../../operator/api/kube-object.ts';
import { askPod } from '../../operator/kube/pod-http.ts';
import { freePort } from '../local/child.ts';

function pod(podIP?: string): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a' },
    status: { ...(podIP ? { podIP } : {}), conditions: [], containers: [] },
  };
}

async function served(t: TestContext, listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

test('a pod is asked for JSON', async t => {
  const port = await served(t, (request, response) => response.end(JSON.stringify({ path: request.url })));
  assert.deepEqual(await askPod(pod('127.0.0.1'), port, '/load'), { path: '/load' });
});

test('every way not to answer is told apart, and is over within 2 s', async t => {
  const answers: Record<string, RequestListener> = {
    '/error': (_, response) => response.writeHead(503).end('no'),
    '/elsewhere': (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    '/large': (_, response) => response.end('x'.repeat(70_000)),
    '/text': (_, response) => response.end('hello'),
    '/silent': () => undefined,
    '/half': (_, response) => response.write('{'),
  };
  const port = await served(t, (request, response) => answers[request.url ?? '']?.(request, response));
  const why = (path: string, of = pod('127.0.0.1'), at = port) =>
    askPod(of, at, path).then(
      () => 'answered',
      (error: Error) => error.message,
    );
  assert.equal(await why('/', pod()), 'it has no address yet');
  assert.equal(await why('/', pod('127.0.0.1'), await freePort()), 'ECONNREFUSED');
  assert.equal(await why('/error'), 'it answered 503');
  assert.equal(await why('/elsewhere'), 'the request failed');
  assert.equal(await why('/large'), 'it answered more than 65536 bytes');
  assert.equal(await why('/text'), 'it answered no JSON');
  const [silent, half] = await Promise.all([why('/silent'), why('/half')]);
  assert.equal(silent, 'no answer within 2 s');
  assert.equal(half, 'no answer within 2 s');
});
