import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CLIENTS_LABEL,
  DELETION_COST_ANNOTATION,
  OPTIONS_ANNOTATION,
  REVISION_LABEL,
} from '../../../../operator/desired/names.ts';
import { type PodPatch, type PodSurroundings, podPatches } from '../../../../operator/fleet/pod-patches.ts';
import { TRAFFIC_ANNOTATION, type TrafficIntent } from '../../../../server/contract/traffic.ts';
import { type GatewayPodChange, gatewayPod } from '../../../support/kube/fleet-objects.ts';

const VERSION = '0123456789abcdef';
const LABELLED = { [CLIENTS_LABEL]: 'accept' };
/** The Service selects the revision of the pods, and the label. */
const AROUND: PodSurroundings = {
  version: VERSION,
  selector: { [REVISION_LABEL]: 'r', ...LABELLED },
  labelled: new Set(['r']),
  refusing: new Set(),
};
/** The Service and the pods are from before the label. */
const BEFORE: PodSurroundings = { ...AROUND, selector: { [REVISION_LABEL]: 'r' }, labelled: new Set() };

const pod = (name: string, change: GatewayPodChange = {}) =>
  gatewayPod(name, 'r', { annotations: { [OPTIONS_ANNOTATION]: VERSION }, labels: LABELLED, ...change });
const intent = (reason: TrafficIntent['reason'], unselected?: boolean): TrafficIntent => ({
  reason,
  since: '2026-01-01T00:00:00.000Z',
  ...(unselected === undefined ? {} : { unselected }),
});
const patchOf = (wanted: TrafficIntent | undefined, around = AROUND) =>
  podPatches([pod('a')], new Map([['a', wanted]]), around)[0];
const annotationsFor = (wanted: TrafficIntent | undefined) => patchOf(wanted)?.annotations;
const changesOf = ({ annotations, labels }: PodPatch) => [
  annotations[TRAFFIC_ANNOTATION] ?? null,
  labels[CLIENTS_LABEL],
];

test('gateways without a new intent are not written to', () => {
  const sheds = pod('c', { labels: {}, intent: intent('Rebalance', true) });
  assert.deepEqual(podPatches([pod('a'), pod('b'), sheds], new Map(), AROUND), []);
  const before = [gatewayPod('a', 'r'), gatewayPod('b', 'r', { intent: intent('Rebalance') })];
  assert.deepEqual(podPatches(before, new Map(), { ...BEFORE, version: undefined }), []);
});

test('an intent, the label and the cost of its pod go in one write', () => {
  for (const reason of ['ScaleDown', 'Hibernate', 'Rollout'] as const) {
    const patch = patchOf(intent(reason));
    const { [TRAFFIC_ANNOTATION]: text, [DELETION_COST_ANNOTATION]: cost, ...rest } = patch?.annotations ?? {};
    assert.deepEqual(JSON.parse(text ?? ''), intent(reason, true));
    assert.ok(Number(cost) < 0, reason);
    assert.deepEqual([rest, patch?.labels], [{}, { [CLIENTS_LABEL]: null }]);
  }
});

test('a gateway that stays is not made cheap: neither one that sheds nor one on a node that leaves', () => {
  for (const reason of ['Rebalance', 'NodeDrain'] as const)
    assert.equal(annotationsFor(intent(reason))?.[DELETION_COST_ANNOTATION], null, reason);
});

test('a gateway that shall stay again loses both, and gets the label back', () => {
  const sheds = pod('a', { labels: {}, intent: intent('ScaleDown', true) });
  assert.deepEqual(podPatches([sheds], new Map([['a', undefined]]), AROUND), [
    {
      pod: sheds,
      annotations: { [TRAFFIC_ANNOTATION]: null, [DELETION_COST_ANNOTATION]: null },
      labels: LABELLED,
    },
  ]);
});

test('the label comes back only when the gateway no longer refuses clients', () => {
  const refused = { ...AROUND, refusing: new Set(['a']) };
  const sheds = pod('a', { labels: {}, intent: intent('ScaleDown', true) });
  const [patch] = podPatches([sheds], new Map([['a', undefined]]), refused);
  assert.deepEqual(patch && changesOf(patch), [null, undefined]);
  const reopened = pod('a', { labels: {} });
  assert.deepEqual(podPatches([reopened], new Map(), refused), []);
  assert.deepEqual(podPatches([reopened], new Map(), AROUND).map(changesOf), [[null, 'accept']]);
  // An answer from before it was closed and opened again does not remove the label.
  assert.deepEqual(podPatches([pod('a')], new Map(), refused), []);
});

test('the label follows the intent, whatever was changed by hand', () => {
  const pods = [
    pod('unlabelled', { labels: {} }),
    pod('misspelt', { labels: { [CLIENTS_LABEL]: 'Accept' } }),
    pod('labelled', { intent: intent('Rebalance', true) }),
  ];
  assert.deepEqual(
    podPatches(pods, new Map(), AROUND).map(({ annotations, labels }) => [annotations, labels]),
    [
      [{}, LABELLED],
      [{}, LABELLED],
      [{}, { [CLIENTS_LABEL]: null }],
    ],
  );
});

test('the intent says unselected only where that keeps clients away: else the gateway has to turn NotReady', () => {
  const shut = (around: PodSurroundings) => patchOf(intent('ScaleDown'), around);
  const plain = JSON.stringify(intent('ScaleDown'));
  const unselected = JSON.stringify(intent('ScaleDown', true));
  assert.deepEqual(shut(BEFORE) && changesOf(shut(BEFORE) as PodPatch), [plain, undefined]);
  const mixed = { ...AROUND, selector: {} };
  assert.deepEqual(changesOf(shut(mixed) as PodPatch), [plain, null], 'the Service selects all revisions');
  assert.deepEqual(changesOf(shut({ ...AROUND, selector: undefined }) as PodPatch), [plain, null], 'no Service');
  const moved = { ...AROUND, selector: { [REVISION_LABEL]: 'other' } };
  assert.deepEqual(changesOf(shut(moved) as PodPatch), [unselected, null], 'the Service has moved on');
});

test('an intent from before the Service changed is written again', () => {
  const pods = [pod('a', { labels: {}, intent: intent('NodeDrain', true) })];
  assert.deepEqual(podPatches(pods, new Map(), { ...AROUND, selector: {} }).map(changesOf), [
    [JSON.stringify(intent('NodeDrain')), undefined],
  ]);
  const plain = [pod('a', { labels: {}, intent: intent('NodeDrain') })];
  assert.deepEqual(podPatches(plain, new Map(), AROUND).map(changesOf), [
    [JSON.stringify(intent('NodeDrain', true)), undefined],
  ]);
});

test('new options are announced to every gateway that lacks them, once their ConfigMap has them', () => {
  const pods = [
    pod('a'),
    gatewayPod('b', 'r', { labels: LABELLED }),
    pod('c', { annotations: { [OPTIONS_ANNOTATION]: 'old' } }),
  ];
  assert.deepEqual(
    podPatches(pods, new Map(), AROUND).map(patch => [patch.pod.metadata.name, patch.annotations]),
    [
      ['b', { [OPTIONS_ANNOTATION]: VERSION }],
      ['c', { [OPTIONS_ANNOTATION]: VERSION }],
    ],
  );
  assert.deepEqual(podPatches(pods, new Map(), { ...AROUND, version: undefined }), []);
});

test('a pod that terminates is left alone', () => {
  const gone = pod('a', { terminating: true, annotations: {}, labels: {} });
  assert.deepEqual(podPatches([gone], new Map([['a', intent('ScaleDown')]]), AROUND), []);
});
