import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AskPod } from '../../../../operator/api/ask-pod.ts';
import type { Pod } from '../../../../operator/api/kube-object.ts';
import { FairSlots } from '../../../../operator/ask/fair-slots.ts';
import { Probes } from '../../../../operator/ask/probes.ts';
import { TRAFFIC_ANNOTATION } from '../../../../server/contract/traffic.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';
import { settle } from '../../../support/clocks/settle.ts';

const TIMEOUT_MS = 2_000;
const INTERVAL_MS = 5_000;
const pod = (name: string, metadata: object = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, uid: `uid of ${name}`, resourceVersion: '1', ...metadata },
  status: {
    phase: 'Running',
    podIP: '192.0.2.1',
    conditions: [{ type: 'Ready', status: 'True' }],
    containers: [{ name: 'gateway', restarts: 0, startedAt: '2026-01-01T00:00:00Z' }],
  },
});

/** Gateways by ChatCluster; those whose name begins with `silent` let every question run into its time-out. */
function probing(gateways: Record<string, Pod[]>, answerMs = 0) {
  const clock = new ManualClock(Date.UTC(2026, 0, 1), 0);
  const asked: { readonly pod: string; readonly at: number }[] = [];
  const answered = new Map<string, number[]>();
  let inFlight = 0;
  let most = 0;
  const ask: AskPod = async ({ metadata: { name } }) => {
    asked.push({ pod: name, at: clock.now() });
    most = Math.max(most, ++inFlight);
    const isSilent = name.startsWith('silent');
    await new Promise<void>(resolve => clock.after(isSilent ? TIMEOUT_MS : answerMs, resolve));
    inFlight--;
    if (isSilent) throw new Error('no answer within 2 s');
    return { connections: 1 };
  };
  const probes = new Probes({
    caches: {
      keys: () => Object.keys(gateways),
      pods: (key, component) => (component === 'gateway' ? (gateways[key] ?? []) : []),
    },
    ask,
    clock,
    random: () => 1,
    intervalMs: INTERVAL_MS,
    onResult: key => answered.set(key, [...(answered.get(key) ?? []), clock.now()]),
  });
  const of = (name: string) => asked.filter(each => each.pod === name).map(({ at }) => at);
  /** The longest time between two answers of a ChatCluster, from the start on. */
  const longest = (key: string) => {
    const times = [0, ...(answered.get(key) ?? []), clock.now()];
    return Math.max(...times.slice(1).map((at, index) => at - (times[index] ?? 0)));
  };
  return { clock, probes, asked, of, longest, most: () => most };
}

const many = (count: number, name: string) => Array.from({ length: count }, (_, index) => pod(`${name}-${index}`));
const healthy = Object.fromEntries(many(20, 'ok').map(each => [`team/${each.metadata.name}`, [each]]));

test('900 silent pods of two ChatClusters do not delay the answers of others', async t => {
  const { clock, probes, longest } = probing(
    { 'a/one': many(450, 'silent-one'), 'b/two': many(450, 'silent-two'), ...healthy },
    20,
  );
  t.after(probes.start());
  await clock.passSettling(120_000);
  for (const key of Object.keys(healthy)) assert.ok(longest(key) < 6_000, `${key}: ${longest(key)} ms`);
});

test('900 silent pods of 300 ChatClusters do not either, and are asked every half a minute in the end', async t => {
  const silent = Object.fromEntries(
    Array.from({ length: 300 }, (_, index) => [`silent/${index}`, many(3, `silent-${index}`)]),
  );
  const { clock, probes, longest, asked, most } = probing({ ...silent, ...healthy }, 20);
  t.after(probes.start());
  await clock.passSettling(120_000);
  for (const key of Object.keys(healthy)) assert.ok(longest(key) < 6_000, `${key}: ${longest(key)} ms`);
  const before = asked.length;
  await clock.passSettling(60_000);
  const questions = asked.slice(before).filter(({ pod: name }) => name.startsWith('silent')).length;
  assert.ok(questions <= 900 * 3, `${questions} questions in a minute`);
  assert.ok(most() <= 64 + 512 + 64, `${most()} questions at the same time`);
});

test('the silent pods of a ChatCluster do not keep its others from answering in time', async t => {
  const { clock, probes, longest } = probing({ 'a/chat': [...many(100, 'silent'), ...many(100, 'ok')] }, 5);
  t.after(probes.start());
  await clock.passSettling(120_000);
  assert.ok(longest('a/chat') < 10_000, `${longest('a/chat')} ms`);
});

test('a pod that stays silent is asked less and less often, up to a bound', async t => {
  const { clock, probes, of } = probing({ 'a/chat': [pod('silent')] });
  t.after(probes.start());
  await clock.passSettling(180_000);
  const times = of('silent');
  const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
  // Those that were lost are asked again in the next round.
  assert.deepEqual(gaps.slice(0, 3), [5_000, 5_000, 10_000]);
  assert.ok(Math.max(...gaps) <= 30_000 + INTERVAL_MS + TIMEOUT_MS, `${gaps}`);
  assert.ok((gaps.at(-1) ?? 0) >= 30_000, `${gaps}`);
});

for (const [what, metadata] of [
  ['whose object changes', { resourceVersion: '2' }],
  ['that is being emptied', { annotations: { [TRAFFIC_ANNOTATION]: '{"reason":"ScaleDown","since":"","keep":0}' } }],
  ['that terminates', { deletionTimestamp: '2100-01-01T00:00:00Z' }],
] as const)
  test(`a silent pod ${what} is asked again in the next round`, async t => {
    const gateways = { 'a/chat': [pod('silent')] };
    const { clock, probes, of } = probing(gateways);
    t.after(probes.start());
    await clock.passSettling(126_000);
    const before = of('silent').length;
    gateways['a/chat'] = [pod('silent', metadata)];
    await clock.passSettling(INTERVAL_MS);
    assert.equal(of('silent').length, before + 1);
  });

test('a pod that answers again is asked in each round again', async t => {
  const gateways = { 'a/chat': [pod('silent')] };
  const { clock, probes, of } = probing(gateways);
  t.after(probes.start());
  await clock.passSettling(120_000);
  gateways['a/chat'] = [pod('back', { uid: 'uid of silent' })];
  await clock.passSettling(40_000);
  const answered = of('back').length;
  assert.ok(answered > 0);
  await clock.passSettling(20_000);
  assert.equal(of('back').length, answered + 4);
});

test('rounds of many ChatClusters are spread over the interval', async t => {
  let draw = 0;
  const clock = new ManualClock(Date.UTC(2026, 0, 1), 0);
  const perTick = new Map<number, number>();
  const keys = Array.from({ length: 500 }, (_, index) => `team/${index}`);
  const probes = new Probes({
    caches: { keys: () => keys, pods: (_, component) => (component === 'gateway' ? [pod('g')] : []) },
    ask: async () => {
      perTick.set(clock.now(), (perTick.get(clock.now()) ?? 0) + 1);
      return { connections: 1 };
    },
    clock,
    random: () => (draw++ % 500) / 500,
    intervalMs: INTERVAL_MS,
    onResult: () => undefined,
  });
  t.after(probes.start());
  await clock.passSettling(20_000);
  const later = [...perTick].filter(([at]) => at > INTERVAL_MS).map(([, count]) => count);
  assert.ok(Math.max(...later) <= 20, `${Math.max(...later)} questions at once`);
  assert.ok(later.reduce((sum, count) => sum + count, 0) >= 1_400, 'and each has its round in every interval');
});

test('where nothing depends on the answers a ChatCluster is asked every 30 s, and at once when something does', async t => {
  const { clock, probes, of } = probing({ 'a/quiet': [pod('quiet')], 'a/busy': [pod('busy')] });
  t.after(probes.start());
  await clock.passSettling(1_000);
  probes.pace('a/quiet', true);
  await clock.passSettling(120_000);
  assert.equal(of('quiet').length, 1 + 4);
  assert.equal(of('busy').length, 1 + 24);
  const before = of('quiet').length;
  await clock.passSettling(2_000);
  probes.pace('a/quiet', false);
  await clock.passSettling(100);
  assert.equal(of('quiet').length, before + 1);
  probes.pace('a/quiet', false);
  await clock.passSettling(10_000);
  assert.equal(of('quiet').length, before + 3);
});

test('asking in between does not put the next round off for more than an interval', async t => {
  const { clock, probes, of } = probing({ 'a/chat': [pod('g')] });
  t.after(probes.start());
  for (let second = 0; second < 20; second++) {
    await clock.passSettling(1_000);
    probes.refresh('a/chat', 0);
  }
  await settle();
  const before = of('g').length;
  await clock.passSettling(INTERVAL_MS);
  assert.equal(of('g').length, before + 1);
});

test('a ChatCluster that is gone is forgotten, also while it is being asked', async t => {
  const gateways: Record<string, Pod[]> = { 'a/chat': [pod('g')] };
  const { clock, probes } = probing(gateways, 1_000);
  t.after(probes.start());
  delete gateways['a/chat'];
  await clock.passSettling(2_000);
  assert.equal(probes.latest('a/chat'), undefined);
});

test('slots go round the keys: a key that waits for many gets one at a time like the others', async () => {
  const slots = new FairSlots(2, 2);
  const order: string[] = [];
  const want = (key: string) => void slots.acquire(key).then(() => order.push(key));
  for (const key of ['a', 'a', 'a', 'a', 'b', 'c']) want(key);
  await settle();
  assert.deepEqual(order, ['a', 'a']);
  for (const key of ['a', 'a', 'b', 'c']) {
    slots.release(key);
    await settle();
  }
  assert.deepEqual(order, ['a', 'a', 'a', 'b', 'c', 'a']);
});
