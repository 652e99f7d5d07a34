import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Pod } from '../../../../operator/api/kube-object.ts';
import { askPod, podHttp } from '../../../../operator/kube/pod-http.ts';
import { freePort } from '../../../../tools/local/child.ts';
import { until } from '../../../../tools/support/until.ts';

function pod(podIP?: string): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a' },
    status: { ...(podIP ? { podIP } : {}), conditions: [], containers: [] },
  };
}

async function served(
  t: TestContext,
  listener: RequestListener,
  onConnection: (socket: Socket) => void = () => undefined,
): Promise<number> {
  const server = createServer({ keepAliveTimeout: 60_000 }, listener).on('connection', onConnection);
  await new Promise<void>(resolve => server.listen(0, '0.0.0.0', resolve));
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

test('every kind of silence has its own reason, and ends within 2 s', async t => {
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
  assert.equal(await why('/elsewhere'), 'it answered 302');
  assert.equal(await why('/large'), 'it answered more than 65536 bytes');
  assert.equal(await why('/text'), 'it answered no JSON');
  const [silent, half] = await Promise.all([why('/silent'), why('/half')]);
  assert.equal(silent, 'no answer within 2 s');
  assert.equal(half, 'no answer within 2 s');
});

const OK: RequestListener = (_, response) => response.end('{}');

test('four questions take one connection, and forty leave nothing behind on it', async t => {
  const warnings: Error[] = [];
  const warned = (warning: Error) => warnings.push(warning);
  process.on('warning', warned);
  t.after(() => process.off('warning', warned));
  let connections = 0;
  const port = await served(t, OK, () => connections++);
  const ask = podHttp();
  for (let question = 0; question < 4; question++) await ask(pod('127.0.0.1'), port, '/load');
  assert.equal(connections, 1);
  for (let question = 0; question < 40; question++) await ask(pod('127.0.0.1'), port, '/load');
  assert.deepEqual(warnings, []);
});

test('a connection that the pod closes while it is used again costs no answer', async t => {
  const sockets: Socket[] = [];
  let questions = 0;
  const port = await served(
    t,
    (request, response) => {
      questions++;
      // As a process does that ends, or one whose keep-alive time was over right then.
      if (questions === 2) request.socket.resetAndDestroy();
      else response.end('{}');
    },
    socket => sockets.push(socket),
  );
  const ask = podHttp();
  await ask(pod('127.0.0.1'), port, '/load');
  assert.deepEqual(await ask(pod('127.0.0.1'), port, '/load'), {});
  assert.deepEqual([sockets.length, questions], [2, 3]);
});

test('no more connections are kept than are allowed, over all pods; the others are asked all the same', async t => {
  const open = new Set<Socket>();
  let connections = 0;
  const port = await served(t, OK, socket => {
    connections++;
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  const ask = podHttp(2);
  const pods = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'].map(pod);
  for (let round = 0; round < 3; round++) await Promise.all(pods.map(each => ask(each, port, '/load')));
  await until('the others are closed', () => open.size === 2);
  assert.ok(connections > 4, 'those that are not kept are made again');
});

test('of a pod that is silent no connection is left', async t => {
  const open = new Set<Socket>();
  const port = await served(
    t,
    () => undefined,
    socket => {
      open.add(socket);
      socket.once('close', () => open.delete(socket));
    },
  );
  await assert.rejects(podHttp()(pod('127.0.0.1'), port, '/load'), { message: 'no answer within 2 s' });
  await until('it is closed', () => open.size === 0);
});
