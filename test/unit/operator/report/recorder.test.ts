import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../../../operator/api/kube-object.ts';
import type { Notice } from '../../../../operator/report/notices.ts';
import { Recorder } from '../../../../operator/report/recorder.ts';
import { stored } from '../../../../tools/support/crd-schema.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';
import { settle } from '../../../support/clocks/settle.ts';

const NOTICE: Notice = { type: 'Normal', reason: 'ScaledUp', action: 'Scale', note: 'from 2 to 3' };

interface Written {
  readonly created: KubeObject[];
  readonly patched: { readonly name: string; readonly patch: object }[];
}

function recorder(answer: () => Promise<KubeObject> = async () => stored()) {
  const clock = new ManualClock(Date.UTC(2026, 0, 1), 0);
  const written: Written = { created: [], patched: [] };
  const failures: unknown[] = [];
  const made = new Recorder({
    client: {
      create(_, object) {
        written.created.push(object);
        return answer();
      },
      patch(_, __, name, patch) {
        written.patched.push({ name, patch });
        return answer();
      },
    },
    clock,
    controller: 'chatcluster-operator',
    instance: 'pod',
    onFailure: error => failures.push(error),
  });
  return { clock, written, failures, made };
}

test('the same notice is one Event with a count, written at most once a minute', async () => {
  const { clock, written, made } = recorder();
  for (let second = 0; second < 150; second += 5) {
    made.record(stored(), NOTICE);
    await clock.passSettling(5_000);
  }
  assert.equal(written.created.length, 1);
  assert.deepEqual(
    written.patched.map(({ patch }) => (patch as { series: { count: number } }).series.count),
    [13, 25],
  );
  assert.equal(written.patched[0]?.name, written.created[0]?.metadata.name);
});

test('an Event that could not be written is not counted on', async () => {
  let works = false;
  const { clock, written, failures, made } = recorder(async () => {
    if (!works) throw new Error('no answer');
    return stored();
  });
  made.record(stored(), NOTICE);
  await settle();
  works = true;
  await clock.passSettling(60_000);
  made.record(stored(), NOTICE);
  assert.deepEqual([written.created.length, written.patched.length, failures.length], [2, 0, 1]);
});

test('another note, another ChatCluster, or ten quiet minutes make another Event', async () => {
  const { clock, written, made } = recorder();
  made.record(stored(), NOTICE);
  made.record(stored(), { ...NOTICE, note: 'from 3 to 4' });
  made.record(stored({}, { uid: 'other' }), NOTICE);
  assert.equal(written.created.length, 3);
  await clock.passSettling(10 * 60_000 + 1);
  made.record(stored(), NOTICE);
  assert.equal(written.created.length, 4);
  assert.equal(new Set(written.created.map(event => event.metadata.name)).size, 4);
});

test('an Event is what events.k8s.io/v1 asks for', () => {
  const { written, made } = recorder();
  made.record(stored(), { ...NOTICE, note: 'x'.repeat(5_000) });
  const event = written.created[0] as unknown as Record<string, unknown>;
  assert.equal(event['eventTime'], '2026-01-01T00:00:00.000000Z');
  assert.equal(String(event['note']).length, 1_000);
  assert.deepEqual(
    [event['reportingController'], event['reportingInstance'], event['action'], event['reason'], event['type']],
    ['chatcluster-operator', 'pod', 'Scale', 'ScaledUp', 'Normal'],
  );
});

test('an API server that does not answer costs notices, not memory', async () => {
  const { written, made } = recorder(() => new Promise(() => undefined));
  for (let at = 0; at < 1_000; at++) made.record(stored(), { ...NOTICE, note: String(at) });
  assert.equal(written.created.length, 32);
});

test('a refused Event is told and nothing else', async () => {
  const { failures, made } = recorder(() => Promise.reject(new Error('no')));
  made.record(stored(), NOTICE);
  await settle();
  assert.equal(failures.length, 1);
});
