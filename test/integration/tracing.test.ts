import assert from 'node:assert/strict';
import { after, describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ADMIN_PATHS, CLIENT_PATHS } from '../../server/contract/ports.ts';
import { freePort, startChild } from '../../tools/local/child.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { BUILDS, nextId, openClient } from '../../tools/support/sdk.ts';
import { SECRET } from '../../tools/support/token.ts';
import { until } from '../../tools/support/until.ts';
import { type CollectedSpan, startCollector } from '../support/chat/collector.ts';
import { person } from '../support/chat/person.ts';

const backends = await startBackends({ after });
const ROOM = 'channel:a-name-nobody-should-export';
const entry = (name: string) => fileURLToPath(new URL(`../../server/${name}.ts`, import.meta.url));

let instances = 0;

/** Two gateways and a worker, each a process of its own, and the collector that they send spans to. */
async function startTraced(t: TestContext) {
  const instance = `tracing-${process.pid}-${instances++}`;
  const collector = await startCollector(t);
  const start = async (process: 'gateway' | 'worker', env: Record<string, string> = {}) => {
    const adminPort = await freePort();
    const child = await startChild(globalThis.process.execPath, [entry(process)], {
      env: {
        ...globalThis.process.env,
        CHAT_INSTANCE: instance,
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
  return { collector, processes: [...gateways, worker], urls: [url(ports[0]), url(ports[1])] as const };
}

describe('traces', { concurrency: 3 }, () => {
  test('one trace follows a message from the socket to the subscribers and into the store, through three processes', async t => {
    const { collector, processes, urls } = await startTraced(t);
    const reader = await openClient(t, urls[1], { user: 'bob' });
    await reader.subscribe(ROOM);
    const writer = await openClient(t, urls[0]);
    const { offset } = await writer.send(ROOM, 'hello');

    const span = (name: string) => collector.spans.find(found => found.name === name);
    const [call, publish, deliver, store] = await until(
      'all spans have arrived',
      () => {
        const spans = ['message.send', 'message.publish', 'message.deliver', 'message.store'].map(span);
        return spans.every(found => found !== undefined) ? spans : null;
      },
      { state: () => collector.spans.map(({ name }) => name) },
    );
    assert.ok(call && publish && deliver && store);
    assert.deepEqual([call.parentSpanId, publish.parentSpanId], ['', call.spanId]);
    assert.equal(publish.traceId, call.traceId);
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
    await Promise.all(processes.map(child => child.stop()));
    assert.equal(published(), 2);
    assert.deepEqual(
      processes.map(child => child.exitCode()),
      [0, 0, 0],
    );
  });

  /** Spans of the trace that a call without an error began, by names and attributes that tell them apart. */
  function traceOf(spans: readonly CollectedSpan[], verb: string, kind: string) {
    const call = spans.find(
      ({ name, attributes }) => name === verb && attributes['chat.kind'] === kind && !('chat.error' in attributes),
    );
    const own = spans.filter(({ traceId, spanId }) => traceId === call?.traceId && spanId !== call?.spanId);
    const publish = own.find(({ name }) => name === 'message.publish');
    const named = own.map(({ name, attributes }) =>
      name === 'message.fold' ? `${name} ${attributes['chat.fold']}` : name,
    );
    return { call, publish, own, names: [...new Set(named)].sort() };
  }

  for (const build of BUILDS)
    test(`${build}: an edit, a reaction, a delete and a kick are traced from the call through the stream into the store and both folds`, async t => {
      const { collector, urls } = await startTraced(t);
      const ann = await person(t, urls[0], 'ann', { build });
      const bob = await person(t, urls[1], 'bob', { build });
      const name = 'a-name-nobody-should-export';
      const { room } = await ann.act('room.create', { kind: 'group', name, members: ['bob', 'eve'] });
      await bob.subscribe(room);
      const send = async () => {
        const of = nextId();
        return { target: (await ann.send(room, 'a-text-nobody-should-export', of)).offset, of };
      };
      const [kept, gone] = [await send(), await send()]; // the entries of a deleted message may be erased before a fold reads them
      const about = { room, ...kept };
      await ann.act('message.edit', { ...about, text: 'another-text-nobody-should-export' });
      await bob.act('message.react', { ...about, emoji: '👍', on: true });
      await ann.act('message.delete', { room, targets: [gone] });
      await ann.act('room.kick', { room, user: 'eve' });
      await assert.rejects(bob.act('room.kick', { room, user: 'ann' }), { code: 103 });

      const verbs = ['message.edit', 'message.react', 'message.delete', 'room.kick'];
      const whole = ['message.deliver', 'message.fold state', 'message.fold views', 'message.publish', 'message.store'];
      const types = ['edit', 'reaction', 'delete', 'member'];
      for (const [index, verb] of verbs.entries()) {
        const { call, publish, own } = await until(
          `the trace of ${verb} is whole`,
          () => {
            const found = traceOf(collector.spans, verb, 'group');
            return whole.every(each => found.names.includes(each)) ? found : null;
          },
          { state: () => traceOf(collector.spans, verb, 'group').names },
        );
        assert.deepEqual([call?.parentSpanId, publish?.parentSpanId], ['', call?.spanId]);
        for (const span of own.filter(each => each !== publish))
          assert.equal(span.parentSpanId, publish?.spanId, span.name);
        const folds = own.filter(span => span.name === 'message.fold');
        for (const { service, attributes } of folds) {
          assert.equal(service, 'chatcluster-worker');
          const { 'chat.kind': kind, 'chat.type': type, 'chat.offset': offset } = attributes;
          assert.deepEqual([kind, type, offset], ['group', types[index], publish?.attributes['chat.offset']]);
        }
      }
      const refused = await until('the refused call is traced', () =>
        collector.spans.find(span => span.name === 'room.kick' && span.attributes['chat.error'] !== undefined),
      );
      assert.equal(refused.attributes['chat.error'], 103);
      assert.doesNotMatch(JSON.stringify(collector.spans), /nobody-should-export|ann|bob|eve|👍/);
      assert.ok(!JSON.stringify(collector.spans).includes(room));
    });
});
