import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, type TestContext, test } from 'node:test';
import WebSocket from 'ws';
import { startBackends } from '../../tools/support/backends.ts';
import { metric } from '../../tools/support/metrics.ts';
import { openClient } from '../../tools/support/sdk.ts';
import { tokenFor } from '../../tools/support/token.ts';
import { until } from '../../tools/support/until.ts';
import { busyGateway, loadOf } from '../support/chat/busy-gateway.ts';
import { type RunningGateway, startCluster } from '../support/chat/local-chat.ts';
import { settingsFiles } from '../support/chat/settings-files.ts';

const backends = await startBackends({ after });
const READERS = 29;
const ALL = READERS + 1;

/** A busy gateway that follows a settings directory. */
async function setUp(t: TestContext, env: Readonly<Record<string, string>> = {}) {
  const volume = await settingsFiles(t);
  const busy = await busyGateway(t, backends, { CHAT_LIVE_DIR: volume.path, ...env }, READERS);
  const movedTimes = () => [...busy.moves.values()].map(codes => codes.length);
  return {
    ...busy,
    volume,
    /** The part of a load balancer that reacts to a gateway that is not ready. */
    async elsewhere() {
      await until('it is not ready', async () => (await fetch(busy.gateway.readyUrl)).status === 503);
      busy.link.target(busy.cluster.gateways[0].port);
    },
    moved: () => movedTimes().reduce((sum, times) => sum + times, 0),
    checkMoves() {
      for (const [name, codes] of busy.moves) assert.ok(codes.length <= 1 && !codes.some(c => c !== 3001), name);
    },
  };
}

/** HTTP status of an attempt to connect: 101 when it is accepted. */
async function attempt(gateway: RunningGateway): Promise<number> {
  const socket = new WebSocket(gateway.url);
  const [answer] = await Promise.race([
    once(socket, 'unexpected-response').then(([, response]) => [(response as { statusCode: number }).statusCode]),
    once(socket, 'open').then(() => [101]),
  ]);
  socket.on('error', () => undefined);
  socket.terminate();
  return answer ?? 0;
}

test('an annotation makes a gateway not ready, then closes connections down to the number, each client once, none lost', async t => {
  const { gateway, volume, elsewhere, moved, checkMoves, flow, finish } = await setUp(t);
  await volume.want({ reason: 'Rebalance' });
  await elsewhere();
  await flow(50);
  assert.deepEqual([moved(), (await loadOf(gateway)).connections], [0, ALL]);
  assert.equal(await attempt(gateway), 101);

  const began = performance.now();
  await volume.want({ reason: 'Rebalance', keep: 6, perSecond: 12 });
  await until('it is down to six', async () => moved() >= ALL - 6, { state: moved });
  // 24 connections, 12 a second: the second dozen comes a second after the first.
  assert.ok(performance.now() - began >= 1_000);
  const { ready, draining, connections } = await loadOf(gateway);
  assert.deepEqual({ ready, draining, connections }, { ready: false, draining: true, connections: 6 });
  assert.equal(await metric(gateway.adminPort, 'chatcluster_moves_total', { reason: 'Rebalance' }), ALL - 6);
  assert.equal(await metric(gateway.adminPort, 'chatcluster_closing'), 0);
  await finish();
  assert.equal(moved(), ALL - 6);
  checkMoves();
});

test('a drain that is called off in the middle keeps who is left, and takes clients again', async t => {
  const { gateway, volume, elsewhere, moved, checkMoves, flow, finish } = await setUp(t);
  await volume.want({ reason: 'ScaleDown' });
  await elsewhere();
  await volume.want({ reason: 'ScaleDown', keep: 0, perSecond: 5 });
  await until('the first have moved', () => moved() >= 3);
  assert.equal(await attempt(gateway), 503);
  assert.equal(await metric(gateway.adminPort, 'chatcluster_connects_refused_total', { reason: 'draining' }), 1);
  assert.equal(await metric(gateway.adminPort, 'chatcluster_closing'), 1);
  await volume.want(null);
  await until('it is ready again', async () => (await fetch(gateway.readyUrl)).ok);
  const { connections, draining } = await loadOf(gateway);
  assert.ok(!draining && connections > 0 && connections < ALL, `${connections} are left`);
  await flow(200);
  await finish();
  assert.equal(moved(), ALL - connections);
  assert.equal((await loadOf(gateway)).connections, connections);
  assert.equal(await attempt(gateway), 101);
  checkMoves();
});

test('a gateway that its Service does not select stays ready while it closes connections, and refuses new ones', async t => {
  const { cluster, gateway, link, volume, moved, checkMoves, finish } = await setUp(t);
  const isReady = async () => (await fetch(gateway.readyUrl)).ok;
  await volume.want({ reason: 'ScaleDown', unselected: true });
  await until('it knows', async () => (await loadOf(gateway)).draining);
  assert.deepEqual([await isReady(), (await loadOf(gateway)).refusing], [true, false]);
  link.target(cluster.gateways[0].port);
  await volume.want({ reason: 'ScaleDown', keep: 0, perSecond: 50, unselected: true });
  await until('all have moved', () => moved() === ALL);
  const { ready, refusing, connections } = await loadOf(gateway);
  assert.deepEqual({ ready, refusing, connections }, { ready: true, refusing: true, connections: 0 });
  assert.deepEqual([await isReady(), await attempt(gateway)], [true, 503]);
  await volume.want({ reason: 'ScaleDown', keep: 0, perSecond: 50 });
  await until('it has to be left alone by itself', async () => !(await isReady()));
  await volume.want(null);
  await until('it takes clients again', async () => (await isReady()) && (await attempt(gateway)) === 101);
  await finish();
  checkMoves();
});

test('a gateway that is told to end in the middle of a drain moves the rest once and exits', async t => {
  const { gateway, volume, elsewhere, moved, checkMoves, finish } = await setUp(t, {
    CHAT_DRAIN_SECONDS: '2',
    CHAT_DRAIN_DELAY_SECONDS: '1',
  });
  await volume.want({ reason: 'NodeDrain', keep: 0, perSecond: 1 });
  await elsewhere();
  await until('the first has moved', () => moved() >= 1);
  gateway.process.signal('SIGTERM');
  await until('it has exited', () => !gateway.process.running(), { state: () => gateway.process.output() });
  assert.equal(gateway.process.exitCode(), 0);
  await finish();
  assert.equal(moved(), ALL);
  checkMoves();
});

test('a gateway that starts with the annotation is not ready until it is taken away', async t => {
  const cluster = await startCluster(t, backends);
  const volume = await settingsFiles(t);
  await volume.want({ reason: 'Rollout', keep: 0, perSecond: 5 });
  const gateway = await cluster.spawnUnready({ CHAT_LIVE_DIR: volume.path });
  await until('it listens', () =>
    attempt(gateway).then(
      status => status === 503,
      () => false,
    ),
  );
  assert.equal((await fetch(gateway.readyUrl)).status, 503);
  assert.equal(await (await fetch(gateway.readyUrl)).text(), 'draining');
  await volume.annotate({ 'chatcluster.dev/traffic': 'anything else' });
  await until('it lets clients in', async () => (await attempt(gateway)) === 101);
  const { ready, draining } = await loadOf(gateway);
  assert.deepEqual({ ready, draining }, { ready: false, draining: true });
  await volume.annotate({});
  await until('it is ready', async () => (await fetch(gateway.readyUrl)).ok);
});

test('the load endpoint tells how commands go, and a wrong secret shows as errors', async t => {
  const cluster = await startCluster(t, backends);
  const [gateway] = cluster.gateways;
  const client = await openClient(t, gateway.url);
  await client.connected();
  await until('publishes are measured', async () => {
    await client.send('channel:load', 'x');
    const { commandsPerSecond, publishMs } = await loadOf(gateway);
    return commandsPerSecond > 0 && publishMs > 0;
  });
  assert.equal((await loadOf(gateway)).errorsPerSecond, 0);
  const token = await tokenFor('mallory', {}, 'a-secret-that-is-not-the-one-of-the-gateway');
  const refused = await openClient(t, gateway.url, { sdk: { token } });
  await until('the sign-in is refused', () => refused.sdk.state === 'disconnected');
  await until('it shows', async () => (await loadOf(gateway)).errorsPerSecond > 0);
});
