import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Condition } from '../../../../operator/api/kube-object.ts';
import { refusedOptions } from '../../../../operator/api/refused-options.ts';
import { readBackends } from '../../../../operator/ask/backends.ts';
import { parseLoad } from '../../../../operator/ask/loads.ts';
import { CONTROL_ANNOTATIONS } from '../../../../operator/desired/names.ts';
import { noticesOfConditions } from '../../../../operator/report/notices.ts';
import { settingsInForce } from '../../../../operator/report/settings.ts';

const NONE = { gateways: [], workers: [] };
const LINE = 'CHAT_AUTH_SECRET must have at least 32 characters, got 7';
const annotated = (...names: readonly string[]) =>
  settingsInForce({ annotations: Object.fromEntries(names.map(name => [name, 'true'])) }, NONE, undefined);
const stored = (verdict: ReturnType<typeof settingsInForce>): Condition => ({ ...verdict, lastTransitionTime: '' });

test('an annotation with a misspelt name is told, with the name that may have been meant', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['chatcluster.dev/hibernat', 'chatcluster.dev/hibernate'],
    ['chatcluster.dev/hibernation', 'chatcluster.dev/hibernate'],
    ['chatcluster.dev/paused', 'chatcluster.dev/pause'],
    ['chatcluster.dev/restart-at', 'chatcluster.dev/restart'],
    ['chatcluster.dev/Undo', 'chatcluster.dev/undo'],
  ];
  for (const [name, meant] of cases) {
    const { status, reason, message } = annotated(name);
    assert.deepEqual([status, reason], ['False', 'UnknownAnnotation']);
    assert.equal(message, `annotation ${name} is not known and has no effect; did you mean ${meant}?`);
  }
  assert.doesNotMatch(annotated('chatcluster.dev/owner').message, /did you mean/);
  assert.equal(annotated('example.com/hibernat', ...CONTROL_ANNOTATIONS).status, 'True');
});

test('an option that processes refuse is told with its reason and how many keep their value', () => {
  const verdict = settingsInForce({}, { gateways: [LINE, LINE], workers: ['CHAT_MONGODB_URI is bad'] }, undefined);
  assert.deepEqual([verdict.status, verdict.reason], ['False', 'OptionRefused']);
  assert.equal(
    verdict.message,
    `2 gateways keep their value: ${LINE}; 1 worker keeps its value: CHAT_MONGODB_URI is bad`,
  );
  const [before, after] = [stored(settingsInForce({}, NONE, undefined)), stored(verdict)];
  assert.deepEqual(
    noticesOfConditions([before], [after]).map(({ type, reason }) => [type, reason]),
    [['Warning', 'OptionRefused']],
  );
  assert.deepEqual(noticesOfConditions([after], [after]), []);
  assert.deepEqual(noticesOfConditions([after], [before]), []);
  assert.equal(settingsInForce({}, undefined, after).message, verdict.message, 'an operator that has just started');
  assert.equal(settingsInForce({}, NONE, after).status, 'True');
});

test('what pods say of it is checked, and missing from older ones', async () => {
  assert.deepEqual(parseLoad({ connections: 1, refused: [LINE] }, 'a')?.refused, [LINE]);
  for (const refused of [undefined, 'x', [], [7], {}]) {
    const load = parseLoad({ connections: 1, refused }, 'a');
    assert.ok(load && !('refused' in load), JSON.stringify(refused));
  }
  const many = refusedOptions(Array.from({ length: 50 }, () => 'x'.repeat(10_000))).refused;
  assert.deepEqual([many?.length, many?.[0]?.length], [4, 300]);
  const reached = { reachable: true, reason: '' };
  const worker = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'w' },
    status: { phase: 'Running', conditions: [], containers: [] },
  };
  const backends = await readBackends([worker], async () => ({
    nats: reached,
    store: reached,
    storeLag: 0,
    refused: [LINE],
  }));
  assert.deepEqual(backends.refused, [LINE]);
});
