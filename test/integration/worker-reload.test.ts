import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { BackendHealth } from '../../server/contract/backends.ts';
import { WORKER_PATHS } from '../../server/contract/ports.ts';
import { freePort, startChild } from '../../tools/local/child.ts';
import { type NatsSettings, startNats } from '../../tools/local/nats.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { metric } from '../../tools/support/metrics.ts';
import { until } from '../../tools/support/until.ts';
import { startLink } from '../support/chat/link.ts';
import { settingsFiles } from '../support/chat/settings-files.ts';

const backends = await startBackends({ after });
const WORKER = fileURLToPath(new URL('../../server/worker.ts', import.meta.url));
let instances = 0;

/** A worker as a process of its own, with reloadable options. */
async function spawnWorker(t: TestContext, env: Readonly<Record<string, string>>) {
  const adminPort = await freePort();
  const all = {
    CHAT_INSTANCE: `reload-${process.pid}-${instances++}`,
    CHAT_NATS_URL: backends.nats.url,
    CHAT_MONGODB_URI: backends.mongo.uri,
    CHAT_ADMIN_PORT: String(adminPort),
    CHAT_PARTITIONS: '1',
    CHAT_STREAM_MAX_BYTES: String(64 * 1024 * 1024),
    CHAT_LIVE_MAX_BYTES: String(16 * 1024 * 1024),
    ...env,
  };
  const variables = Object.entries(all).map(([name, value]) => `${name}=${value}`);
  const child = await startChild('/usr/bin/env', [...variables, process.execPath, WORKER]);
  t.after(() => child.kill());
  const backendsOf = async () => {
    if (!child.running()) throw new Error(`the worker ended:\n${child.output()}`);
    const answer = await fetch(`http://127.0.0.1:${adminPort}${WORKER_PATHS.backends}`).catch(() => null);
    return answer && ((await answer.json()) as BackendHealth);
  };
  return { child, adminPort, backends: backendsOf };
}

test('a worker takes new credentials of NATS for its next connection, and stores on', async t => {
  const credentials: { -readonly [K in keyof NatsSettings]: NatsSettings[K] } = { user: 'chat', password: 'first' };
  const nats = await startNats(credentials);
  t.after(() => nats.close());
  const volume = await settingsFiles(t, { CHAT_NATS_USER: 'chat', CHAT_NATS_PASSWORD: 'first' });
  const worker = await spawnWorker(t, {
    CHAT_NATS_URL: nats.url,
    CHAT_NATS_USER: 'chat',
    CHAT_NATS_PASSWORD: 'first',
    CHAT_LIVE_DIR: volume.path,
  });
  await until('it reaches NATS', async () => (await worker.backends())?.nats.reachable);
  credentials.password = 'second';
  await nats.stop();
  await nats.start();
  await until('the old password is refused', async () => /refused/.test((await worker.backends())?.nats.reason ?? ''));
  await volume.write({ CHAT_NATS_USER: 'chat', CHAT_NATS_PASSWORD: 'second' });
  await until('it reaches NATS again', async () => (await worker.backends())?.nats.reachable);
  assert.doesNotMatch(worker.child.output(), /second/);
});

test('a worker goes over to a new connection string of MongoDB, also where the one of its start never worked', async t => {
  if (!backends.mongo.controllable) return t.skip('MONGODB_URI may name more than one server');
  const link = await startLink(t, null);
  const wrong = `mongodb://127.0.0.1:${new URL(link.url).port}/?directConnection=true`;
  const volume = await settingsFiles(t, { CHAT_MONGODB_URI: wrong });
  const worker = await spawnWorker(t, { CHAT_MONGODB_URI: wrong, CHAT_LIVE_DIR: volume.path });
  await until('MongoDB is missed', async () => (await worker.backends())?.store.reachable === false);
  await volume.write({ CHAT_MONGODB_URI: backends.mongo.uri });
  await until('MongoDB is reached', async () => (await worker.backends())?.store.reachable);
  await until('the streams are made', async () => {
    return (await fetch(`http://127.0.0.1:${worker.adminPort}/readyz`)).ok;
  });
  assert.doesNotMatch(worker.child.output(), /mongodb:\/\//);
});

test('a bad value is kept out of a worker that runs, is logged, and counted', async t => {
  const volume = await settingsFiles(t, { CHAT_LOG_LEVEL: 'info' });
  const worker = await spawnWorker(t, { CHAT_LIVE_DIR: volume.path });
  await until('it reaches NATS', async () => (await worker.backends())?.nats.reachable);
  await volume.write({ CHAT_LOG_LEVEL: 'loud' });
  const rejected = () => metric(worker.adminPort, 'chatcluster_live_options_rejected');
  await until('it is counted', async () => (await rejected()) === 1);
  assert.match((await worker.backends())?.refused?.join() ?? '', /^CHAT_LOG_LEVEL must be one of/);
  assert.match(worker.child.output(), /CHAT_LOG_LEVEL must be one of/);
  await volume.write({ CHAT_LOG_LEVEL: 'debug' });
  await until('it is good again', async () => (await rejected()) === 0);
});
