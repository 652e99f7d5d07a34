import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { CHILD_KINDS } from '../../../../operator/api/kinds.ts';
import { Caches } from '../../../../operator/watch/caches.ts';
import { until } from '../../../../tools/support/until.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';
import { type Call, scriptedApi } from '../../../support/kube/scripted-api.ts';

const LABELS = { 'chatcluster.dev/cluster': 'chat' };
/** One object of each kind that is listed, by the name of the kind in paths. */
const METADATA = { name: 'chat', namespace: 'default', uid: 'u', resourceVersion: '5', labels: LABELS };

/** Caches of an API server that refuses some kinds, in simulated time. */
async function caching(t: TestContext, refused: Set<string>) {
  const watches = new Map<string, ServerResponse>();
  const answer = ({ path, query }: Call, response: ServerResponse) => {
    const plural = path.split('/').at(-1) ?? '';
    const refusal = { reason: 'Forbidden', message: `${plural} is forbidden` };
    if (refused.has(plural)) response.writeHead(403).end(JSON.stringify(refusal));
    else if (query['sendInitialEvents']) response.writeHead(422).end(JSON.stringify({ message: 'no such option' }));
    else if (query['watch']) {
      response.flushHeaders();
      watches.set(plural, response);
    } else response.end(JSON.stringify({ metadata: { resourceVersion: '10' }, items: [{ metadata: METADATA }] }));
  };
  const { client } = await scriptedApi(t, answer);
  const clock = new ManualClock(Date.UTC(2026, 0, 1), 0);
  const calls: string[] = [];
  const caches = new Caches({
    client,
    namespace: '',
    watchNodes: true,
    clock,
    random: () => 0,
    onChange: () => {},
    onFailure: () => {},
    onMissing: ({ kind }, _, without) => calls.push(`missing ${kind}${without === undefined ? '!' : ''}`),
    onRegained: ({ kind }) => calls.push(`regained ${kind}`),
  });
  const stopping = new AbortController();
  const running = caches.run(stopping.signal);
  t.after(async () => {
    stopping.abort();
    await running;
  });
  const pass = (what: string, condition: () => unknown) =>
    until(what, async () => {
      await clock.passSettling(500);
      return condition();
    });
  return { caches, calls, watches, pass };
}

const kindsOf = (caches: Caches) => caches.children('default/chat').length;

test('a kind that can be done without is, until it comes; its objects are left alone meanwhile', async t => {
  const refused = new Set(['poddisruptionbudgets', 'nodes']);
  const { caches, calls, watches, pass } = await caching(t, refused);
  let isSynced = false;
  void caches.synced().then(() => {
    isSynced = true;
  });
  await pass('the rest is known', () => isSynced);
  assert.ok(caches.isSynced);
  assert.deepEqual(calls.toSorted(), ['missing Node', 'missing PodDisruptionBudget']);
  assert.deepEqual([caches.knows('PodDisruptionBudget'), caches.knows('Deployment')], [false, true]);
  assert.equal(kindsOf(caches), CHILD_KINDS.length - 1);

  refused.clear();
  await pass('they are known', () => calls.length === 4);
  assert.ok(caches.knows('PodDisruptionBudget'));
  assert.equal(kindsOf(caches), CHILD_KINDS.length);

  refused.add('poddisruptionbudgets').add('deployments');
  for (const plural of refused) watches.get(plural)?.destroy();
  await pass('both are refused', () => calls.length === 6);
  assert.deepEqual(calls.slice(4).toSorted(), ['missing Deployment!', 'missing PodDisruptionBudget']);
  assert.equal(caches.knows('PodDisruptionBudget'), false, 'what is known of it may be wrong by now');
  assert.ok(caches.knows('Deployment'), 'without it nothing could be decided');
  assert.equal(kindsOf(caches), CHILD_KINDS.length - 1);
});

test('a kind that is needed is waited for', async t => {
  const refused = new Set(['pods']);
  const { caches, calls, pass } = await caching(t, refused);
  await pass('it is missing', () => calls.length === 1);
  assert.deepEqual(calls, ['missing Pod!']);
  assert.equal(caches.isSynced, false);
  refused.clear();
  await pass('it is known', () => caches.isSynced);
});
