import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AskPod } from '../../../../operator/api/ask-pod.ts';
import type { Pod } from '../../../../operator/api/kube-object.ts';
import { Probes } from '../../../../operator/ask/probes.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';
import { settle } from '../../../support/clocks/settle.ts';

const pod = (name: string, ready = true): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  status: {
    phase: 'Running',
    podIP: '192.0.2.1',
    conditions: [{ type: 'Ready', status: String(ready).replace(/^./, c => c.toUpperCase()) }],
    containers: [],
  },
});
const HEALTH = { nats: { reachable: true, reason: '' }, store: { reachable: true, reason: '' }, storeLag: 0 };

function probing(t: { after(end: () => void): void }, gateways: Record<string, Pod[]>, workers: Pod[], ask: AskPod) {
  const clock = new ManualClock(Date.UTC(2026, 0, 1), 0);
  const results: { readonly key: string; readonly changed: boolean }[] = [];
  const probes = new Probes({
    caches: {
      keys: () => Object.keys(gateways),
      pods: (key, component) => (component === 'gateway' ? (gateways[key] ?? []) : workers),
    },
    ask,
    clock,
    random: () => 1,
    intervalMs: 5_000,
    onResult: (key, changed) => results.push({ key, changed }),
  });
  t.after(probes.start());
  return { clock, probes, results };
}

test('a silent pod does not delay others, and is not asked twice at once', async t => {
  let asked = 0;
  const { clock, results } = probing(t, { 'a/slow': [pod('slow')], 'a/fast': [pod('fast')] }, [], async gateway => {
    if (gateway.metadata.name !== 'slow') return { connections: 1 };
    asked++;
    return await new Promise(() => undefined);
  });
  await clock.passSettling(10_000);
  assert.deepEqual(
    results.map(({ key }) => key),
    ['a/fast', 'a/fast', 'a/fast'],
  );
  assert.equal(asked, 1);
});

test('a gateway that answers something else has no load, and one that starts is asked too', async t => {
  const bodies: Record<string, unknown> = {
    a: { connections: 7 },
    b: { connections: '7' },
    starting: { connections: 0 },
  };
  const { probes } = probing(
    t,
    { 'a/chat': [pod('a'), pod('b'), pod('starting', false)] },
    [],
    async gateway => bodies[gateway.metadata.name],
  );
  await settle();
  assert.deepEqual(
    probes.latest('a/chat')?.loads.map(({ pod: name, ready, load }) => [name, ready, load?.connections]),
    [
      ['a', true, 7],
      ['b', true, undefined],
      ['starting', false, 0],
    ],
  );
});

test('the lag is the largest a worker that reaches NATS says', async t => {
  const lags: Record<string, unknown> = {
    cut: { ...HEALTH, nats: { reachable: false, reason: 'gone' }, storeLag: 900 },
    one: { ...HEALTH, storeLag: 7 },
    two: { ...HEALTH, storeLag: 12 },
  };
  const { probes } = probing(
    t,
    { 'a/chat': [] },
    Object.keys(lags).map(name => pod(name)),
    async worker => lags[worker.metadata.name],
  );
  await settle();
  assert.equal(probes.latest('a/chat')?.backends.storeLag, 12);
});

test('the lag of the folds is the largest, with the reason that knows most; what is no report of folds is ignored', async t => {
  const late = 'the fold views is more than 60 s behind';
  const answers: Record<string, unknown> = {
    cut: { ...HEALTH, nats: { reachable: false, reason: 'gone' }, folds: { lag: 900, reason: '' } },
    older: HEALTH,
    wrong: { ...HEALTH, folds: { lag: '5000', reason: '' } },
    one: { ...HEALTH, folds: { lag: 12, reason: late } },
    holder: { ...HEALTH, folds: { lag: 7, reason: `${late}: MongoDB is away` } },
  };
  const { probes } = probing(
    t,
    { 'a/chat': [] },
    Object.keys(answers).map(name => pod(name)),
    async worker => answers[worker.metadata.name],
  );
  await settle();
  assert.deepEqual(probes.latest('a/chat')?.backends.folds, { lag: 12, reason: `${late}: MongoDB is away` });
});

test('the space in the streams is the worst that a worker with NATS reports; unknown words are ignored', async t => {
  const space = (word: string) => ({ room: word, reason: `it is ${word}` });
  const answers: Record<string, unknown> = {
    cut: { ...HEALTH, nats: { reachable: false, reason: 'gone' }, log: space('NearlyFull') },
    older: HEALTH,
    newer: { ...HEALTH, log: space('Bursting') },
    one: { ...HEALTH, log: space('Enough') },
    two: { ...HEALTH, log: space('WindowShortened') },
  };
  const names = Object.keys(answers);
  const ask: AskPod = async worker => answers[worker.metadata.name];
  const of = async (workers: string[]) => {
    const workerPods = workers.map(name => pod(name));
    const { probes } = probing(t, { 'a/chat': [] }, workerPods, ask);
    await settle();
    return probes.latest('a/chat')?.backends.log;
  };
  assert.deepEqual(await of(names), space('WindowShortened'));
  assert.deepEqual(await of(['cut', 'one']), space('Enough'));
  assert.equal(await of(['cut', 'older', 'newer']), undefined);
});

test('the copies are the fewest a worker that reaches NATS says; what is no number says nothing', async t => {
  const copies = (fewest: unknown) => ({ copies: { fewest, whyNotMore: `${fewest}` } });
  const answers: Record<string, unknown> = {
    cut: { ...HEALTH, nats: { reachable: false, reason: 'gone' }, ...copies(1) },
    older: HEALTH,
    other: { ...HEALTH, ...copies('many') },
    one: { ...HEALTH, ...copies(5) },
    two: { ...HEALTH, ...copies(3) },
  };
  const ask: AskPod = async worker => answers[worker.metadata.name];
  const of = async (...workers: string[]) => {
    const workerPods = workers.map(name => pod(name));
    const { probes } = probing(t, { 'a/chat': [] }, workerPods, ask);
    await settle();
    return probes.latest('a/chat')?.backends.copies;
  };
  assert.deepEqual(await of(...Object.keys(answers)), { fewest: 3, whyNotMore: '3' });
  assert.equal(await of('cut', 'older', 'other'), undefined);
  answers['fresh'] = { ...HEALTH, copies: { fewest: 3 } };
  assert.deepEqual(
    await of('fresh', 'two'),
    { fewest: 3, whyNotMore: '3' },
    'one that has just started knows no reason',
  );
  assert.deepEqual(await of('fresh'), { fewest: 3 });
});

test('the best answer counts: one worker that reaches a backend is enough', async t => {
  const { probes } = probing(t, { 'a/chat': [] }, [pod('one'), pod('two'), pod('three')], async worker => {
    if (worker.metadata.name === 'three') throw new Error('ECONNREFUSED');
    const reached = { reachable: true, reason: '' };
    const not = { reachable: false, reason: 'gone' };
    return worker.metadata.name === 'one'
      ? { ...HEALTH, nats: reached, store: not }
      : { ...HEALTH, nats: not, store: reached };
  });
  await settle();
  const { health } = probes.latest('a/chat')?.backends ?? {};
  assert.deepEqual([health?.nats.reachable, health?.store.reachable], [true, true]);
});

test('workers may be silent for a moment; after 15 s the state is unknown', async t => {
  let silent = false;
  const { clock, probes } = probing(t, { 'a/chat': [] }, [pod('w')], async () => {
    if (silent) throw new Error('no answer within 2 s');
    return HEALTH;
  });
  await settle();
  silent = true;
  await clock.passSettling(10_000);
  assert.ok(probes.latest('a/chat')?.backends.health);
  await clock.passSettling(5_000);
  assert.deepEqual(probes.latest('a/chat')?.backends, {
    health: undefined,
    log: undefined,
    storeLag: undefined,
    silence: 'w: no answer within 2 s',
  });
});

test('a round that brings nothing new but rates says so', async t => {
  let connections = 1;
  let cpu = 0;
  const { clock, results } = probing(t, { 'a/chat': [pod('g')] }, [], async () => ({ connections, cpu: cpu++ }));
  await clock.passSettling(5_000);
  connections = 2;
  await clock.passSettling(5_000);
  assert.deepEqual(
    results.map(({ changed }) => changed),
    [true, false, true],
  );
});

test('more or fewer copies of messages are news', async t => {
  let fewest = 1;
  const { clock, results } = probing(t, { 'a/chat': [] }, [pod('w')], async () => ({
    ...HEALTH,
    copies: { fewest, whyNotMore: '' },
  }));
  await clock.passSettling(5_000);
  fewest = 3;
  await clock.passSettling(5_000);
  assert.deepEqual(
    results.map(({ changed }) => changed),
    [true, false, true],
  );
});

test('a round that is late brings the next one no nearer', async t => {
  const times: number[] = [];
  const { clock } = probing(t, { 'a/chat': [pod('gateway')] }, [], async () => {
    times.push(clock.now());
    return { connections: 1 };
  });
  await clock.passSettling(10_000);
  clock.stall(9_000);
  await clock.passSettling(5_000);
  assert.deepEqual(times, [0, 5_000, 10_000, 19_000, 24_000]);
});
