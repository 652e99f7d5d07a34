import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import type { KubeObject } from '../../operator/api/kube-object.ts';
import { Reflector } from '../../operator/kube/reflector.ts';
import { RESOURCES } from '../../operator/kube/resources.ts';
import { Store } from '../../operator/kube/store.ts';
import { type Call, scriptedApi } from '../support/scripted-api.ts';
import { SimulatedClock } from '../support/simulated-clock.ts';
import { until } from '../support/until.ts';

const object = (name: string, version: number): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', resourceVersion: String(version) },
});
const line = (type: string, of: object) => `${JSON.stringify({ type, object: of })}\n`;
const list = (response: ServerResponse, version: number, items: readonly KubeObject[], next = '') =>
  response.end(JSON.stringify({ metadata: { resourceVersion: String(version), continue: next }, items }));

/** A reflector against a server that answers as `answer` says, in simulated time. */
async function reflect(t: TestContext, answer: (call: Call, response: ServerResponse, at: number) => void) {
  const { client, calls } = await scriptedApi(t, answer);
  const clock = new SimulatedClock();
  const changes: string[] = [];
  const failures: unknown[] = [];
  const store = new Store<string>({
    project: raw => `${raw.metadata.name}@${raw.metadata.resourceVersion}`,
    group: raw => raw.metadata.name,
    onChange: group => changes.push(group),
  });
  const reflector = new Reflector({
    client,
    resource: RESOURCES.configMaps,
    namespace: 'default',
    labelSelector: 'a=b',
    store,
    clock,
    random: () => 0,
    onFailure: (_, error) => failures.push(error),
  });
  const stopping = new AbortController();
  const running = reflector.run(stopping.signal);
  t.after(async () => {
    stopping.abort();
    await running;
  });
  const held = () => store.groups().flatMap(group => store.group(group));
  const holds = (...expected: string[]) =>
    until(`the store holds ${expected}`, () => held().sort().join() === expected.sort().join(), {
      ms: 5_000,
      state: held,
    });
  return { calls, clock, changes, failures, store, reflector, holds };
}
const isWatch = ({ query }: Call) => query['watch'] === 'true';

test('lists in pages and watches from the version of the list', async t => {
  const { calls, holds, reflector } = await reflect(t, (call, response) => {
    if (isWatch(call)) response.write(line('ADDED', object('c', 12)));
    else if (call.query['continue'] === 'more') list(response, 11, [object('b', 2)]);
    else list(response, 11, [object('a', 1)], 'more');
  });
  await holds('a@1', 'b@2', 'c@12');
  assert.ok(reflector.isSynced);
  const [first, second, watch] = calls;
  assert.deepEqual([first?.query['limit'], second?.query['limit'], second?.query['continue']], ['500', '500', 'more']);
  assert.equal(first?.query['labelSelector'], 'a=b');
  assert.equal(watch?.query['resourceVersion'], '11');
  assert.equal(watch?.query['allowWatchBookmarks'], 'true');
});

test('a broken watch goes on from the last version, a bookmark too, without another list', async t => {
  let watches = 0;
  const { calls, clock, holds } = await reflect(t, (call, response) => {
    if (!isWatch(call)) return void list(response, 10, [object('a', 1)]);
    watches++;
    if (watches === 1) {
      response.write(line('MODIFIED', object('a', 11)));
      response.write(line('BOOKMARK', object('', 20)), () => response.destroy());
    } else response.write(line('DELETED', object('a', 21)) + line('ADDED', object('b', 22)));
  });
  await holds('a@11');
  await until('it asks again', async () => {
    await clock.pass(1_000);
    return watches === 2;
  });
  await holds('b@22');
  assert.equal(calls.filter(call => !isWatch(call)).length, 1);
  assert.deepEqual(
    calls.filter(isWatch).map(call => call.query['resourceVersion']),
    ['10', '20'],
  );
});

for (const [how, refuse] of [
  [
    'in the stream',
    (response: ServerResponse) => response.end(line('ERROR', { code: 410, reason: 'Expired', message: 'too old' })),
  ],
  [
    'as the answer',
    (response: ServerResponse) =>
      response.writeHead(410).end(JSON.stringify({ reason: 'Expired', message: 'too old' })),
  ],
] as const)
  test(`410 ${how} lists again; what is gone meanwhile is noticed`, async t => {
    let watches = 0;
    const { calls, clock, changes, holds } = await reflect(t, (call, response) => {
      if (isWatch(call)) {
        watches++;
        if (watches === 1) refuse(response);
        else response.flushHeaders();
      } else if (watches === 0) list(response, 10, [object('a', 1), object('b', 2), object('c', 3)]);
      else list(response, 30, [object('b', 2), object('c', 25)]);
    });
    await holds('a@1', 'b@2', 'c@3');
    changes.length = 0;
    await until('it lists again', async () => {
      await clock.pass(1_000);
      return watches === 2;
    });
    await holds('b@2', 'c@25');
    assert.deepEqual(changes, ['a', 'c']);
    assert.equal(calls.filter(isWatch).at(-1)?.query['resourceVersion'], '30');
  });

test('a server that fails is asked ever more rarely, and the first list counts when it comes', async t => {
  let broken = true;
  const { calls, clock, failures, reflector } = await reflect(t, (call, response) => {
    if (broken) response.writeHead(500).end('no');
    else if (isWatch(call)) response.flushHeaders();
    else list(response, 10, []);
  });
  for (const [at, wait] of [250, 500, 1_000, 2_000].entries()) {
    await until('it has failed', () => failures.length === at + 1);
    await clock.pass(wait - 1);
    assert.equal(calls.length, at + 1);
    await clock.pass(1);
    await until('it asks again', () => calls.length === at + 2);
  }
  assert.equal(reflector.isSynced, false);
  broken = false;
  await until('it is synced', async () => {
    await clock.pass(4_000);
    return reflector.isSynced;
  });
});

test('a watch on a dead connection is given up after its silence', async t => {
  let watches = 0;
  const { clock } = await reflect(t, (call, response) => {
    if (!isWatch(call)) return void list(response, 10, []);
    watches++;
    response.flushHeaders();
  });
  await until('it watches', () => watches === 1);
  await clock.pass(149_000);
  assert.equal(watches, 1);
  await until('it watches again', async () => {
    await clock.pass(1_000);
    return watches === 2;
  });
});

test('a line may come in pieces, and characters in pieces', async t => {
  const { holds } = await reflect(t, (call, response) => {
    if (!isWatch(call)) return void list(response, 10, []);
    const bytes = Buffer.from(line('ADDED', object('房间', 11)));
    const write = (at: number) => {
      if (at < bytes.length) response.write(bytes.subarray(at, at + 7), () => setImmediate(write, at + 7));
    };
    write(0);
  });
  await holds('房间@11');
});

test('an answer to our own write is known at once, and never replaces anything newer', async t => {
  const { store, holds } = await reflect(t, (call, response) => {
    if (isWatch(call)) response.write(line('ADDED', object('b', 20)));
    else list(response, 10, [object('a', 9)]);
  });
  await holds('a@9', 'b@20');
  store.written(object('a', 21));
  await holds('a@21', 'b@20');
  store.written(object('c', 15));
  await holds('a@21', 'b@20');
});

test('the token never shows in an error', async t => {
  const { client } = await scriptedApi(t, (_, response) => {
    response.writeHead(403).end(JSON.stringify({ reason: 'Forbidden', message: 'not yours' }));
  });
  await assert.rejects(client.get(RESOURCES.pods, 'default', 'a'), (error: Error) => {
    assert.equal(error.message, 'not yours');
    assert.ok(!JSON.stringify({ ...error, stack: error.stack }).includes('secret-token'));
    return true;
  });
});
