import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../../../operator/api/kube-object.ts';
import { FailedWrites } from '../../../../operator/apply/failed-writes.ts';
import { planWrites } from '../../../../operator/apply/plan.ts';
import { stepsOf } from '../../../../operator/apply/steps.ts';
import { failedWrite, NameTaken, stopsAll } from '../../../../operator/apply/write-failure.ts';
import { desired } from '../../../../operator/desired/desired.ts';
import { REVISION_LABEL } from '../../../../operator/desired/names.ts';
import { revisionOf } from '../../../../operator/desired/revision.ts';
import { podPatches } from '../../../../operator/fleet/pod-patches.ts';
import { ApiError } from '../../../../operator/kube/api-error.ts';
import { StepNotice } from '../../../../operator/report/step-notice.ts';
import { noticesOfFailures, writeFailure } from '../../../../operator/report/write-failures.ts';
import { stored } from '../../../../tools/support/crd-schema.ts';
import { choicesFor, wantedRevision } from '../../../support/kube/choices.ts';

const WORKERS = 'Deployment chat-worker';
const REFUSED = new ApiError(403, 'Forbidden', 'exceeded quota');
const BROKEN = new ApiError(500, 'InternalError', 'failed calling webhook');
const CONFLICT = new ApiError(409, 'Conflict', 'the object has been modified');
const failedWrites = () => new FailedWrites(() => 0.5);

test('a refusal is reported once and at once, a failure that may pass only after a while', () => {
  const failed = failedWrites();
  failed.note(WORKERS, 'a', REFUSED, 0);
  failed.note('Service chat', 'a', BROKEN, 0);
  const ids = (all: readonly { readonly id: string }[]) => all.map(({ id }) => id);
  assert.deepEqual(ids(failed.shown(0, false)), [WORKERS]);
  assert.deepEqual(ids(failed.news(0)), [WORKERS]);
  failed.note(WORKERS, 'a', REFUSED, 5_000);
  failed.note('Service chat', 'a', BROKEN, 5_000);
  assert.deepEqual(ids(failed.news(5_000)), []);
  assert.deepEqual(ids(failed.shown(10_000, false)), [WORKERS, 'Service chat']);
  assert.deepEqual(ids(failed.news(10_000)), ['Service chat']);
  assert.deepEqual(ids(failed.news(10_000)), []);
  failed.succeeded(WORKERS);
  failed.keep(new Set());
  assert.deepEqual(failed.shown(20_000, false), []);
});

test('a failure that the previous operator reported is not withdrawn for a moment', () => {
  const failed = failedWrites();
  failed.note(WORKERS, 'a', BROKEN, 0);
  assert.equal(failed.shown(0, false).length, 0);
  assert.equal(failed.shown(0, true).length, 1);
});

test('each write has a backoff of its own, another content is tried at once, and a conflict soon', () => {
  const failed = failedWrites();
  const waits: (number | undefined)[] = [];
  let now = 0;
  for (let tries = 0; tries < 9; tries++) {
    failed.note(WORKERS, 'a', REFUSED, now);
    waits.push(failed.againMs(now));
    assert.equal(failed.isDue(WORKERS, 'a', now), false);
    assert.equal(failed.isDue(WORKERS, 'b', now), true);
    assert.equal(failed.isDue('Service chat', 'a', now), true);
    now += waits.at(-1) ?? 0;
    assert.equal(failed.isDue(WORKERS, 'a', now), true);
  }
  assert.deepEqual(waits, [375, 750, 1_500, 3_000, 6_000, 12_000, 24_000, 45_000, 45_000]);

  const conflicts: (number | undefined)[] = [];
  const busy = failedWrites();
  for (let tries = 0; tries < 7; tries++) {
    busy.note(WORKERS, 'a', CONFLICT, 0);
    conflicts.push(busy.againMs(0));
  }
  // It is reported after ten seconds, which is sooner than the next attempt.
  assert.deepEqual(conflicts, [500, 500, 500, 500, 500, 10_000, 10_000]);
});

test('what stops a pass is no way to the API server, not an object', () => {
  assert.deepEqual([REFUSED, BROKEN, CONFLICT, new NameTaken(WORKERS)].map(stopsAll), [false, false, false, false]);
  assert.equal(stopsAll(AbortSignal.timeout(0).reason ?? new DOMException('', 'TimeoutError')), false);
  assert.deepEqual([401, 429].map(code => new ApiError(code, '', '')).map(stopsAll), [true, true]);
  assert.equal(stopsAll(new TypeError('fetch failed')), true);
});

test('the condition names each object, the worst first, and no more than a person reads', () => {
  const failures = [
    failedWrite('Service chat', BROKEN),
    failedWrite(WORKERS, REFUSED),
    failedWrite('ServiceAccount chat', new NameTaken('ServiceAccount chat')),
    ...Array.from({ length: 300 }, (_, at) => failedWrite(`Pod chat-${at}`, REFUSED)),
  ];
  const { reason, message } = writeFailure(failures, ['Deployment chat-gateway-1']) ?? {};
  assert.equal(reason, 'NameTaken');
  assert.equal(
    message,
    [
      'ServiceAccount chat exists and does not belong to this ChatCluster',
      'Deployment chat-worker: exceeded quota',
      'Pod chat-0, Pod chat-1, Pod chat-2, Pod chat-3 and 296 more: Pod chat-0: exceeded quota',
      'Service chat: failed calling webhook',
      'Deployment chat-gateway-1 waits for that',
    ].join('; '),
  );
  assert.equal(noticesOfFailures(failures).length, 4);
  assert.equal(writeFailure([], []), undefined);
});

const CLUSTER = stored();
const REVISION = revisionOf(CLUSTER, 'gateway');
const wanted = (replicas: number, image = 'example.com/chat:1') =>
  desired(CLUSTER, choicesFor(CLUSTER, { defaultImage: image, revisions: [wantedRevision(CLUSTER, { replicas })] }));
const asIs = (replicas: number) => wanted(replicas).map(object => ({ object, foreign: [] }));
const needs = (steps: ReturnType<typeof stepsOf>, id: string) => steps.find(step => step.id === id)?.needs;

test('pods wait for what they start with only while it does not exist', () => {
  const { actions, taken } = planWrites([], wanted(2));
  const first = stepsOf([], actions, [], taken);
  const account = 'ServiceAccount chat';
  assert.deepEqual(needs(first, `Deployment chat-gateway-${REVISION}`), [account, 'ConfigMap chat-gateway']);
  assert.deepEqual(needs(first, WORKERS), [account, `ConfigMap chat-worker-${revisionOf(CLUSTER, 'worker')}`]);

  const without = asIs(2).filter(({ object }) => object.kind !== 'ServiceAccount');
  const scaled = planWrites(without, wanted(3));
  assert.deepEqual(needs(stepsOf([], scaled.actions, without, []), `Deployment chat-gateway-${REVISION}`), []);
  const another = planWrites(without, wanted(2, 'example.com/chat:2'));
  assert.deepEqual(needs(stepsOf([], another.actions, without, []), WORKERS), [account]);
  const there = planWrites(asIs(2), wanted(2, 'example.com/chat:2'));
  assert.deepEqual(needs(stepsOf([], there.actions, asIs(2), []), WORKERS), []);
});

test('fewer gateways wait for the marks of those that go, more do not', () => {
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'chat-1', labels: { [REVISION_LABEL]: REVISION } },
    status: { conditions: [], containers: [] },
  };
  const marks = podPatches([pod], new Map([['chat-1', { reason: 'ScaleDown', since: '', keep: 0 }]]), {
    version: undefined,
    selector: undefined,
    labelled: new Set([REVISION]),
    refusing: new Set(),
  });
  const gateways = `Deployment chat-gateway-${REVISION}`;
  const step = (size: number) =>
    needs(stepsOf(marks, planWrites(asIs(2), wanted(size)).actions, asIs(2), []), gateways);
  assert.deepEqual(step(1), ['Pod chat-1']);
  assert.deepEqual(step(3), []);
});

test('a step is reported when it is written, and not if it is withdrawn before', () => {
  const notice = (note: string) => [{ type: 'Normal', reason: 'ScaledUp', action: 'Scale', note }] as const;
  const steps = new StepNotice();
  assert.deepEqual(steps.take(notice('2 to 4'), 2, 4, false), []);
  assert.deepEqual(steps.take([], 4, 4, false), []);
  assert.deepEqual(steps.take([], 4, 4, true), notice('2 to 4'));
  assert.deepEqual(steps.take([], 4, 4, true), []);
  assert.deepEqual(steps.take(notice('4 to 6'), 4, 6, false), []);
  assert.deepEqual(steps.take(notice('6 to 4'), 6, 4, true), []);
});

test('a write that is refused for now is left alone for as long as the server says', () => {
  const failed = failedWrites();
  failed.note(WORKERS, 'a', new ApiError(429, 'TooManyRequests', 'later', { retryAfterMs: 20_000 }), 0);
  assert.equal(failed.isDue(WORKERS, 'a', 19_999), false);
  assert.equal(failed.isDue(WORKERS, 'a', 20_000), true);
});
