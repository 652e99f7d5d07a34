import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import type { KubeObject } from '../../../../operator/api/kube-object.ts';
import { Reflector } from '../../../../operator/kube/reflector.ts';
import { RESOURCES } from '../../../../operator/kube/resources.ts';
import { Store } from '../../../../operator/kube/store.ts';
import { until } from '../../../../tools/support/until.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';
import { type Call, scriptedApi } from '../../../support/kube/scripted-api.ts';

const object = (name: string, version: number): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', resourceVersion: String(version) },
});
const line = (type: string, of: object) => `${JSON.stringify({ type, object: of })}\n`;
const list = (response: ServerResponse, version: number, items: readonly KubeObject[], next = '') =>
  response.end(JSON.stringify({ metadata: { resourceVersion: String(version), continue: next }, items }));

const STATUS = { kind: 'Status', reason: 'Invalid', message: 'sendInitialEvents is forbidden' };
const isStream = ({ query }: Call) => query['sendInitialEvents'] === 'true';

/**
 * A reflector against a server that answers as `answer` says, in simulated time.
 * @param streams whether the server knows watches that begin with all objects; if not, they are refused and not among the calls
 */
async function reflect(
  t: TestContext,
  answer: (call: Call, response: ServerResponse, at: number) => void,
  { streams = false }: { streams?: boolean } = {},
) {
  const calls: Call[] = [];
  const { client, headers } = await scriptedApi(t, (call, response) => {
    if (isStream(call) && !streams) return void response.writeHead(422).end(JSON.stringify(STATUS));
    calls.push(call);
    answer(call, response, calls.length - 1);
  });
  const listings: string[] = [];
  const unreadable: string[] = [];
  const clock = new ManualClock(Date.UTC(2026, 0, 1), 0);
  const changes: string[] = [];
  const failures: unknown[] = [];
  const store = new Store<string>({
    project(raw) {
      if (raw.metadata.labels?.['odd']) throw new TypeError('what is that?');
      return `${raw.metadata.name}@${raw.metadata.resourceVersion}`;
    },
    onUnreadable: raw => unreadable.push(`${raw.metadata.name}@${raw.metadata.resourceVersion}`),
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
    onListed: (_, cause) => listings.push(cause),
  });
  const stopping = new AbortController();
  const running = reflector.run(stopping.signal);
  t.after(async () => {
    stopping.abort();
    await running;
  });
  const objects = () => store.groups().flatMap(group => store.group(group));
  const holds = (...expected: string[]) =>
    until(`the store holds ${expected}`, () => objects().sort().join() === expected.sort().join(), {
      ms: 5_000,
      state: objects,
    });
  return { calls, headers, listings, unreadable, stopping, running, clock, changes, failures, store, reflector, holds };
}
const isWatch = ({ query }: Call) => query['watch'] === 'true';

test('lists in pages and watches from the version of the list', async t => {
  const { calls, holds, reflector } = await reflect(t, (call, response) => {
    if (isWatch(call)) response.write(line('ADDED', object('c', 12)));
    else if (call.query['continue'] === 'more') list(response, 11, [object('b', 2)]);
    else list(response, 11, [object('a', 1)], 'more');
  });
  await holds('a@1', 'b@2', 'c@12');
  assert.ok(reflector.state.isSynced);
  const [first, second, watch] = calls;
  assert.deepEqual([first?.query['limit'], second?.query['limit'], second?.query['continue']], ['500', '500', 'more']);
  assert.equal(first?.query['resourceVersion'], '0', 'from the cache of the API server');
  assert.equal(second?.query['resourceVersion'], undefined);
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
    await clock.passSettling(1_000);
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
      await clock.passSettling(1_000);
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
    await clock.passSettling(wait - 1);
    assert.equal(calls.length, at + 1);
    await clock.passSettling(1);
    await until('it asks again', () => calls.length === at + 2);
  }
  assert.equal(reflector.state.isSynced, false);
  broken = false;
  await until('it is synced', async () => {
    await clock.passSettling(4_000);
    return reflector.state.isSynced;
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
  await clock.passSettling(149_000);
  assert.equal(watches, 1);
  await until('it watches again', async () => {
    await clock.passSettling(1_000);
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

const END = {
  kind: 'ConfigMap',
  metadata: { resourceVersion: '20', annotations: { 'k8s.io/initial-events-end': 'true' } },
};

test('where the server knows it, one watch brings all objects and what comes after them', async t => {
  const { calls, store, holds, reflector, listings } = await reflect(
    t,
    (call, response) => {
      assert.ok(isWatch(call));
      response.write(line('ADDED', object('a', 1)) + line('ADDED', object('b', 2)));
      response.write(line('DELETED', object('b', 12)) + line('MODIFIED', object('a', 11)), () => {
        assert.equal(store.size, 0, 'a part of a list is no list');
        response.write(line('BOOKMARK', END) + line('ADDED', object('c', 21)));
      });
    },
    { streams: true },
  );
  await holds('a@11', 'c@21');
  assert.ok(reflector.state.isSynced);
  assert.deepEqual(listings, ['Start']);
  const [{ query }] = calls as [Call];
  assert.deepEqual([query['resourceVersion'], query['resourceVersionMatch']], ['', 'NotOlderThan']);
  assert.equal(query['labelSelector'], 'a=b');
});

test('a watch that began with all objects goes on from the last version', async t => {
  const { calls, clock, holds } = await reflect(
    t,
    (call, response) => {
      if (!isStream(call)) return void response.write(line('ADDED', object('c', 30)));
      response.end(line('ADDED', object('a', 1)) + line('BOOKMARK', END) + line('MODIFIED', object('a', 25)));
    },
    { streams: true },
  );
  await until('it goes on', async () => {
    await clock.passSettling(1_000);
    return calls.length === 2;
  });
  await holds('a@25', 'c@30');
  assert.equal(calls[1]?.query['resourceVersion'], '25');
});

for (const [how, end] of [
  ['ends', (response: ServerResponse) => response.end()],
  ['falls silent', () => {}],
] as const)
  test(`a server that knows no such watches, and whose watch ${how}, is asked for lists`, async t => {
    const { calls, clock, holds } = await reflect(
      t,
      (call, response) => {
        if (isStream(call)) response.write(line('ADDED', object('a', 1)), () => end(response));
        else if (isWatch(call)) response.flushHeaders();
        else list(response, 10, [object('a', 1), object('b', 2)]);
      },
      { streams: true },
    );
    await until('it lists', async () => {
      await clock.passSettling(10_000);
      return calls.some(call => !isWatch(call));
    });
    await holds('a@1', 'b@2');
    assert.equal(calls.filter(isStream).length, 1);
  });

test('a list again may be as old as what is known; when the server has no such version, it is the newest', async t => {
  const tooLarge = {
    reason: 'Timeout',
    message: 'Too large resource version',
    details: { causes: [{ reason: 'ResourceVersionTooLarge' }] },
  };
  const { calls, clock, listings, holds } = await reflect(t, (call, response) => {
    if (isWatch(call)) {
      if (calls.filter(isWatch).length > 1) response.flushHeaders();
      else response.writeHead(410).end(JSON.stringify({ reason: 'Expired', message: 'too old' }));
    } else if (call.query['resourceVersion'] === '0') list(response, 100, [object('a', 90)]);
    else if (call.query['resourceVersion'] === '100') response.writeHead(504).end(JSON.stringify(tooLarge));
    else list(response, 30, [object('a', 20)]);
  });
  await until('it watches again', async () => {
    await clock.passSettling(1_000);
    return calls.filter(isWatch).length === 2;
  });
  await holds('a@20');
  const [, asKnown, newest] = calls.filter(call => !isWatch(call)).map(({ query }) => query);
  assert.deepEqual(
    [asKnown?.['resourceVersion'], asKnown?.['resourceVersionMatch'], asKnown?.['limit']],
    ['100', 'NotOlderThan', undefined],
  );
  assert.deepEqual([newest?.['resourceVersion'], newest?.['limit']], [undefined, '500']);
  assert.deepEqual(listings, ['Start', 'Expired']);
});

test('a watch that fell silent may have missed what a restored server no longer knows: it begins with a list', async t => {
  let broken = false;
  const { calls, clock, failures, listings } = await reflect(t, (call, response) => {
    if (broken) response.writeHead(500).end('no');
    else if (isWatch(call)) response.flushHeaders();
    else list(response, 10, []);
  });
  await until('it watches', () => calls.some(isWatch));
  broken = true;
  await clock.passSettling(150_000);
  await until('it has failed often', async () => {
    await clock.passSettling(1_000);
    return failures.length > 9;
  });
  assert.deepEqual(listings, ['Start']);
  broken = false;
  await until('it is back', async () => {
    await clock.passSettling(5_000);
    return isWatch(calls.at(-1) as Call);
  });
  assert.deepEqual(listings, ['Start', 'Silence'], 'nothing had come for 150 s');
});

test('a watch that fails is asked for again, from the same version, for five minutes', async t => {
  let broken = true;
  const { calls, clock, failures, listings } = await reflect(t, (call, response) => {
    if (!isWatch(call)) list(response, 10, []);
    else if (broken) response.writeHead(500).end('no');
    else response.flushHeaders();
  });
  await until('it has failed often', async () => {
    await clock.passSettling(5_000);
    return clock.now() > 250_000 && failures.length > 9;
  });
  assert.deepEqual(listings, ['Start']);
  const versions = calls.filter(isWatch).map(call => call.query['resourceVersion']);
  assert.ok(versions.length > 9);
  assert.deepEqual([...new Set(versions)], ['10']);
  await until('it lists', async () => {
    await clock.passSettling(5_000);
    return listings.length > 1;
  });
  assert.ok(clock.now() >= 300_000);
  assert.equal(listings[1], 'Outage');
  broken = false;
});

test('a server that says when to come back is left alone until then, a minute at most', async t => {
  const { calls, clock, failures } = await reflect(t, (call, response, at) => {
    const [code, header] = (
      [
        [429, '7'],
        [503, '86400'],
        [500, ''],
      ] as const
    )[at] ?? [200, ''];
    if (code !== 200) response.writeHead(code, header === '' ? {} : { 'retry-after': header }).end();
    else if (isWatch(call)) response.flushHeaders();
    else list(response, 10, []);
  });
  for (const [at, wait] of [7_000, 60_000, 1_000].entries()) {
    await until('it was refused', () => failures.length === at + 1);
    await clock.passSettling(wait - 1);
    assert.equal(calls.length, at + 1);
    await clock.passSettling(1);
    await until('it asks again', () => calls.length > at + 1);
  }
});

for (const streams of [true, false])
  test(`a list that takes long goes on while something comes, ${streams ? 'as a watch' : 'in one answer'}`, async t => {
    const names = Array.from({ length: 12 }, (_, at) => `object-${at}`);
    let response: ServerResponse | undefined;
    const { clock, holds, failures } = await reflect(
      t,
      (call, answer) => {
        if (isWatch(call) && !isStream(call)) return void answer.flushHeaders();
        response = answer;
        if (!streams) answer.write('{"metadata":{"resourceVersion":"20"},"items":[');
      },
      { streams },
    );
    await until('it asks', () => response);
    for (const [at, name] of names.entries()) {
      const text = JSON.stringify(object(name, 1));
      await new Promise(done =>
        response?.write(streams ? line('ADDED', object(name, 1)) : `${at > 0 ? ',' : ''}${text}`, done),
      );
      await clock.passSettling(20_000);
    }
    response?.write(streams ? line('BOOKMARK', END) : ']}');
    if (!streams) response?.end();
    await holds(...names.map(name => `${name}@1`));
    assert.deepEqual(failures, []);
  });

test('an object that cannot be read is reported, keeps its last readable version, and does not stop others', async t => {
  const odd = (name: string, version: number) => {
    const { metadata, ...rest } = object(name, version);
    return { ...rest, metadata: { ...metadata, labels: { odd: 'yes' } } };
  };
  const { holds, unreadable, failures, calls } = await reflect(t, (call, response) => {
    if (!isWatch(call)) return void list(response, 10, [object('a', 1), odd('b', 2)]);
    response.write(line('MODIFIED', odd('a', 11)) + line('ADDED', object('c', 12)) + line('MODIFIED', object('b', 13)));
  });
  await holds('a@1', 'b@13', 'c@12');
  assert.deepEqual(unreadable, ['b@2', 'a@11']);
  assert.deepEqual(failures, []);
  assert.equal(calls.length, 2);
});

test('an event the store does not take comes again', async t => {
  const { store, clock, holds, calls, failures } = await reflect(t, (call, response) => {
    if (!isWatch(call)) list(response, 10, []);
    else response.write(line('ADDED', object('a', 11)) + line('ADDED', object('b', 12)));
  });
  const { event } = store;
  let refusals = 1;
  store.event = (...args) => {
    if (refusals-- > 0) throw new Error('not now');
    event.apply(store, args);
  };
  await until('it watches again', async () => {
    await clock.passSettling(1_000);
    return calls.filter(isWatch).length === 2;
  });
  await holds('a@11', 'b@12');
  assert.equal(failures.length, 1);
  assert.equal(calls.at(-1)?.query['resourceVersion'], '10');
});

for (const streams of [true, false])
  test(`the end of the operator ends a list at once, ${streams ? 'as a watch' : 'in one answer'}`, async t => {
    let asked = 0;
    const { stopping, running, failures } = await reflect(t, () => asked++, { streams });
    await until('it asks', () => asked === 1);
    stopping.abort();
    await running;
    assert.deepEqual(failures, []);
  });

test('what was written after a list was made stays', async t => {
  const { store, holds } = await reflect(t, (call, response) => {
    if (isWatch(call)) return void response.flushHeaders();
    store.written(object('mine', 15));
    list(response, 10, [object('a', 9)]);
  });
  await holds('a@9', 'mine@15');
});

test('the operator sends a User-Agent', async t => {
  const { headers } = await reflect(t, (_, response) => response.flushHeaders());
  await until('it asks', () => headers.length > 0);
  assert.match(String(headers[0]?.['user-agent']), /^chatcluster-operator\/[0-9]+\.[0-9]+\.[0-9]+ \(.+\/.+\)/);
});

test('what it says of itself: how long it fails, why, and whether anything moves', async t => {
  let code = 200;
  const { calls, clock, reflector } = await reflect(t, (call, response) => {
    if (code !== 200) response.writeHead(code).end(JSON.stringify({ message: 'no' }));
    else if (isWatch(call)) response.flushHeaders();
    else list(response, 10, []);
  });
  await until('it watches', () => calls.some(isWatch));
  const { isSynced, isRefused, failingMs, problem } = reflector.state;
  assert.deepEqual([isSynced, isRefused, failingMs, problem], [true, false, 0, '']);
  code = 500;
  // The watch falls silent; from then on nothing succeeds.
  await until('it has failed for long', async () => {
    await clock.passSettling(5_000);
    assert.ok(reflector.state.idleMs <= 155_000, 'an outage is no standstill');
    return reflector.state.failingMs > 120_000;
  });
  assert.equal(reflector.state.isRefused, false);
  code = 403;
  await until('it is refused', async () => {
    await clock.passSettling(5_000);
    return reflector.state.isRefused;
  });
  assert.match(reflector.state.problem, /^403/);
  code = 200;
  await until('all is well', async () => {
    await clock.passSettling(5_000);
    return reflector.state.failingMs === 0;
  });
  assert.equal(reflector.state.problem, '');
});

test('a refusal counts when it lasts, and there is no use in waiting for the kind from then on', async t => {
  const { clock, failures, reflector } = await reflect(t, (_, response) => {
    response.writeHead(403).end(JSON.stringify({ message: 'not yours' }));
  });
  let isSettled = false;
  void reflector.settled.then(() => {
    isSettled = true;
  });
  await until('it is refused', () => failures.length === 1);
  assert.deepEqual([reflector.state.isRefused, isSettled], [false, false]);
  await until('it is settled', async () => {
    await clock.passSettling(500);
    return isSettled;
  });
  assert.ok(clock.now() >= 10_000 && clock.now() < 20_000, String(clock.now()));
  assert.equal(reflector.state.isSynced, false);
});
