import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ADMIN_PATHS, CLIENT_PATHS } from '../../server/contract/ports.ts';
import { freePort, startChild } from '../../tools/local/child.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { openClient } from '../../tools/support/sdk.ts';
import { SECRET } from '../../tools/support/token.ts';
import { until } from '../../tools/support/until.ts';
import { startCollector } from '../support/chat/collector.ts';

const backends = await startBackends({ after });
const ROOM = 'channel:a-name-nobody-should-export';
const entry = (name: string) => fileURLToPath(new URL(`../../server/${name}.ts`, import.meta.url));

test('one trace follows a message from the socket to the subscribers and into the store, through three processes', async t => {
  const collector = await startCollector(t);
  const start = async (process: 'gateway' | 'worker', env: Record<string, string> = {}) => {
    const adminPort = await freePort();
    const child = await startChild(globalThis.process.execPath, [entry(process)], {
      env: {
        ...globalThis.process.env,
        CHAT_INSTANCE: `tracing-${globalThis.process.pid}`,
        CHAT_NATS_URL: backends.nats.url,
        CHAT_MONGODB_URI: backends.mongo.uri,
        CHAT_PARTITIONS: '1',
        CHAT_ADMIN_PORT: String(adminPort),
        ...(process === 'worker' ? { CHAT_STREAM_MAX_BYTES: '67108864' } : { CHAT_AUTH_SECRET: SECRET }),
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_BSP_SCHEDULE_DELAY: '100',
        ...env,
      },
    });
    t.after(() => child.kill());
    await until(`a ${process} is ready`, async () => {
      if (!child.running()) throw new Error(`the ${process} ended:\n${child.output()}`);
      return (await fetch(`http://127.0.0.1:${adminPort}${ADMIN_PATHS.ready}`).catch(() => null))?.ok;
    });
    return child;
  };
  const worker = await start('worker');
  const ports = [await freePort(), await freePort()] as const;
  const gateways = await Promise.all(
    ports.map((port, i) =>
      start('gateway', { CHAT_PORT: String(port), CHAT_PROCESS_NAME: `gateway-${i}`, CHAT_DRAIN_DELAY_SECONDS: '0' }),
    ),
  );
  const url = (port: number) => `ws://127.0.0.1:${port}${CLIENT_PATHS.websocket}`;
  const reader = await openClient(t, url(ports[1]), { user: 'bob' });
  await reader.subscribe(ROOM);
  const writer = await openClient(t, url(ports[0]));
  const { offset } = await writer.send(ROOM, 'hello');

  const span = (name: string) => collector.spans.find(found => found.name === name);
  const [publish, deliver, store] = await until(
    'all three spans have arrived',
    () => {
      const spans = [span('message.publish'), span('message.deliver'), span('message.store')];
      return spans.every(found => found !== undefined) ? spans : null;
    },
    { state: () => collector.spans.map(({ name }) => name) },
  );
  assert.ok(publish && deliver && store);
  assert.equal(publish.parentSpanId, '');
  for (const found of [deliver, store]) {
    assert.equal(found.traceId, publish.traceId);
    assert.equal(found.parentSpanId, publish.spanId);
  }
  assert.deepEqual(
    [publish.service, deliver.service, store.service],
    ['chatcluster-gateway', 'chatcluster-gateway', 'chatcluster-worker'],
  );
  for (const found of [publish, deliver, store]) assert.equal(found.attributes['chat.offset'], offset);
  assert.deepEqual([publish.attributes['chat.kind'], deliver.attributes['chat.deliveries']], ['channel', 1]);
  assert.doesNotMatch(JSON.stringify(collector.spans), /nobody-should-export|alice|bob|hello/);

  // What is still in memory when a process is told to end is sent before it does.
  const published = () => collector.spans.filter(({ name }) => name === 'message.publish').length;
  await writer.send(ROOM, 'the last');
  await Promise.all([...gateways, worker].map(child => child.stop()));
  assert.equal(published(), 2);
  assert.deepEqual(
    [...gateways, worker].map(child => child.exitCode()),
    [0, 0, 0],
  );
});
