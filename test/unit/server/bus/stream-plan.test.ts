import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConsumerInfo, StreamInfo } from '@nats-io/jetstream';
import { EPOCH_KEY } from '../../../../server/bus/epoch.ts';
import { names as namesOf } from '../../../../server/bus/names.ts';
import { FROM_KEY } from '../../../../server/bus/refill-plan.ts';
import { compareSpecs, SPEC_KEY } from '../../../../server/bus/spec-version.ts';
import {
  differences,
  lastConfig,
  liveConfig,
  logConfig,
  marksConfig,
  policyConfig,
  storeConsumerConfig,
} from '../../../../server/bus/stream-config.ts';
import {
  LIFT,
  type ObservedStreams,
  planRaise,
  planStreams,
  stalled,
  type WantedStreams,
} from '../../../../server/bus/stream-plan.ts';
import type { StoredFloor } from '../../../../server/room/history-store.ts';

const names = namesOf('a');
const options = {
  streamReplicas: 1,
  streamMaxBytes: 1_000_000,
  liveMaxBytes: 1_000_000,
  dedupeSeconds: 120,
  ackWaitSeconds: 30,
  storeBatch: 500,
  specVersion: '',
};
const wanted: WantedStreams = {
  spec: '',
  log: logConfig(names, 0, options),
  live: liveConfig(names, 0, options),
  consumer: storeConsumerConfig(names, options),
  last: lastConfig(names, 0, options),
  policy: policyConfig(names, options),
  marks: marksConfig(names, options),
};

/** A stream as the server tells of it: with settings of its own beside ours. */
function stream(config: object, last: number, extra: object = {}): StreamInfo {
  const now = '2026-01-01T00:10:00Z';
  return {
    config: { ...config, max_msgs: -1, sealed: false, ...extra },
    state: { first_seq: 1, last_seq: last, messages: last },
    created: '2026-01-01T00:00:00Z',
    ts: now,
    mirror: { name: 'x', lag: 0, active: 500_000_000 },
  } as unknown as StreamInfo;
}
const log = (last: number, extra: object = {}) =>
  stream(wanted.log, last, { metadata: { [EPOCH_KEY]: 'e', [FROM_KEY]: '1' }, ...extra });
const live = (last: number, extra: object = {}) => stream(wanted.live, last, { mirror_direct: false, ...extra });
const last = stream(wanted.last, 10);
const policy = stream(policyConfig(names, options), 10);
const marks = stream(marksConfig(names, options), 10);
/** @param ackFloor everything up to here is acknowledged */
const consumerAt = (ackFloor: number, over: object = {}) =>
  ({
    config: { ...wanted.consumer, name: 'store', max_waiting: 512, deliver_policy: 'all', ...over },
    ack_floor: { stream_seq: ackFloor, consumer_seq: ackFloor },
  }) as unknown as ConsumerInfo;
const consumer = consumerAt(90);
const stored = (offset: number, over: Partial<StoredFloor> = {}): StoredFloor => ({
  offset,
  complete: offset,
  rolledBack: false,
  ...over,
});
const ALL = stored(90);
const plan = (observed: Partial<ObservedStreams>) =>
  planStreams(
    { floor: 90, stored: ALL, log: log(100), live: live(100), consumer, last, policy, marks, ...observed },
    wanted,
  );

test('streams that are right are left alone', () => assert.deepEqual(plan({}), []));

test('a new partition gets all four, beginning at 1, and the first one POLICY and MARKS', () => {
  assert.deepEqual(plan({ floor: 0, log: null, live: null, consumer: null, last: null, policy: null, marks: null }), [
    { do: 'create-log', firstSeq: 1, above: 0 },
    { do: 'create-live', from: 1, reason: 'missing' },
    { do: 'create-consumer' },
    { do: 'create-last' },
    { do: 'create-policy' },
    { do: 'create-marks' },
  ]);
});

test('a stream that vanished begins far above everything that was given out', () => {
  const [first, second] = plan({ log: null, live: null, consumer: null });
  assert.deepEqual(first, { do: 'create-log', firstSeq: 90 + LIFT, above: 90 });
  assert.deepEqual(second, { do: 'create-live', from: 90 + LIFT, reason: 'missing' });
});

test('an existing partition gets a LAST stream, without MongoDB too, and its settings are put right', () => {
  assert.deepEqual(plan({ last: null }), [{ do: 'create-last' }]);
  assert.deepEqual(plan({ last: null, floor: 0, stored: null }), [{ do: 'create-last' }]);
  assert.deepEqual(plan({ last: stream(wanted.last, 10, { num_replicas: 3 }) }), [
    { do: 'update-last', differences: ['num_replicas'] },
  ]);
});

test('POLICY is made without MongoDB too, and for the first partition alone', () => {
  assert.deepEqual(plan({ policy: null, floor: 0, stored: null }), [{ do: 'create-policy' }]);
  const right = { floor: 90, stored: ALL, log: log(100), live: live(100), consumer, last, policy: null, marks: null };
  assert.deepEqual(planStreams(right, { ...wanted, policy: null, marks: null }), []);
  assert.deepEqual(plan({ policy: stream(policyConfig(names, options), 10, { allow_direct: false }) }), [
    { do: 'update-policy', differences: ['allow_direct'] },
  ]);
});

test('without MongoDB no stream is made or lifted, and what needs no floor is put right', () => {
  assert.deepEqual(plan({ floor: 101, stored: null }), []);
  assert.deepEqual(plan({ floor: 0, stored: null, log: null, live: null, consumer: null }), []);
  const silent = { ...live(70), mirror: { name: 'x', lag: 0, active: -1 } } as StreamInfo;
  assert.deepEqual(plan({ floor: 0, stored: null, live: silent, consumer: null }), [
    { do: 'create-live', from: 71, reason: 'stalled' },
    { do: 'create-consumer' },
  ]);
});

test('LIVE knows of offsets that MongoDB does not have yet', () => {
  const [first, second] = plan({ log: null, live: live(120), consumer: null });
  assert.deepEqual(first, { do: 'create-log', firstSeq: 120 + LIFT, above: 120 });
  assert.deepEqual(second, { do: 'create-live', from: 120 + LIFT, reason: 'log-made-again' });
  assert.deepEqual(plan({ log: log(100), live: live(101) }), [{ do: 'lift', to: 101 + LIFT, last: 100, above: 101 }]);
});

test('a stream is lifted when, and only when, it is below what MongoDB has', () => {
  assert.deepEqual(plan({ floor: 101 }), [{ do: 'lift', to: 101 + LIFT, last: 100, above: 101 }]);
  assert.deepEqual(plan({ floor: 100 }), []);
});

test('a lifted stream is not lifted again', () => {
  assert.deepEqual(plan({ floor: 101, log: log(101 + LIFT - 1) }), []);
});

test('a stream without an epoch gets one', () => {
  const metadata = { [FROM_KEY]: '1' };
  assert.deepEqual(plan({ log: log(100, { metadata }) }), [{ do: 'update-log', differences: ['epoch'] }]);
});

test('changed bounds and a fence that was left are put right in place', () => {
  assert.deepEqual(plan({ log: log(100, { max_bytes: 5, subjects: [names.fence(0)] }) }), [
    { do: 'update-log', differences: ['subjects', 'max_bytes'] },
  ]);
  assert.deepEqual(plan({ live: live(100, { max_bytes: 5 }) }), [{ do: 'update-live', differences: ['max_bytes'] }]);
  assert.deepEqual(plan({ consumer: consumerAt(90, { ack_wait: 1 }) }), [
    { do: 'update-consumer', differences: ['ack_wait'] },
  ]);
});

test('a mirror that may answer for LOG is stopped from it', () => {
  assert.deepEqual(plan({ live: live(100, { mirror_direct: true }) }), [
    { do: 'update-live', differences: ['mirror_direct'] },
  ]);
});

test('a mirror that hears nothing is made again where it stopped, but not while it is new', () => {
  const silent = { ...live(70), mirror: { name: 'x', lag: 0, active: -1 } } as StreamInfo;
  assert.deepEqual(plan({ live: silent }), [{ do: 'create-live', from: 71, reason: 'stalled' }]);
  assert.equal(stalled({ ...silent, created: '2026-01-01T00:09:58Z' }), false);
  assert.equal(stalled({ ...silent, mirror: { name: 'x', lag: 5, active: 900_000_000 } } as StreamInfo), false);
  assert.equal(stalled({ ...silent, mirror: { name: 'x', lag: 5, active: 12_000_000_000 } } as StreamInfo), true);
});

test('settings that the server adds, or leaves out because they are zero, are no difference', () => {
  assert.deepEqual(differences({ a: 1, extra: 2 }, { a: 1 }), []);
  assert.deepEqual(differences({}, { max_age: 0 }), []);
  assert.deepEqual(differences({ subjects: ['a', 'b'] }, { subjects: ['a'] }), []);
  assert.deepEqual(differences({ republish: { src: 'a' } }, { republish: { src: 'b' } }), ['republish']);
  assert.deepEqual(differences({}, { republish: { src: 'b' } }), ['republish']);
});

test('LIVE is small and republishes, LOG refuses rather than forgets', () => {
  assert.equal(wanted.log.discard, 'new');
  assert.equal(wanted.log.max_age, 0);
  assert.equal('republish' in wanted.log, false);
  assert.deepEqual([wanted.last.discard, wanted.last.max_msgs_per_subject], ['old', 1]);
  assert.deepEqual(wanted.live.republish, { src: 'chat.a.log.0.*', dest: 'chat.a.live.0.{{wildcard(1)}}' });
  assert.equal(wanted.consumer.max_deliver, -1);
});

test('a consumer that was made to deliver from a sequence on is left alone', () => {
  assert.deepEqual(plan({ consumer: consumerAt(90, { deliver_policy: 'by_start_sequence', opt_start_seq: 11 }) }), []);
});

test('a MongoDB that has less than is acknowledged is filled again from where it is complete', () => {
  const step = { do: 'refill', from: 41, lost: null };
  assert.deepEqual(plan({ stored: stored(40) }), [step]);
  assert.deepEqual(plan({ stored: stored(60, { complete: 40 }) }), [step]);
  assert.deepEqual(plan({ stored: stored(95, { complete: 40, rolledBack: true }) }), [step]);
});

test('a stream of an earlier release gets the first offset of its incarnation, before anything is judged by it', () => {
  const metadata = { [EPOCH_KEY]: 'e' };
  const adopt = (from: number) => [{ do: 'update-log', differences: ['from'], from }];
  const purged = { ...log(100, { metadata }), state: { ...log(100).state, first_seq: 51 } } as StreamInfo;
  assert.deepEqual(plan({ log: purged }), adopt(1));
  assert.deepEqual(plan({ log: purged, stored: stored(40) }), adopt(51));
  assert.deepEqual(plan({ log: purged, stored: null }), []);
});

test('a MongoDB that lost messages is settled before a stream is lifted, because that stores some', () => {
  const rolledBack = stored(95, { complete: 40, rolledBack: true });
  assert.deepEqual(plan({ floor: 200, stored: rolledBack }), [{ do: 'refill', from: 41, lost: null }]);
  assert.deepEqual(
    plan({ floor: 200, stored: stored(200) }).map(step => step.do),
    ['lift'],
  );
});

test('the spec of a stream decides who changes it', () => {
  const at = (spec: string) => ({ [EPOCH_KEY]: 'e', [FROM_KEY]: '1', [SPEC_KEY]: spec });
  const other = (spec: string) => log(100, { max_bytes: 5, metadata: at(spec) });
  const mine = '1767225600000.3';
  const planAt = (held: string, observed: Partial<ObservedStreams> = {}) =>
    planStreams(
      { floor: 90, stored: ALL, log: other(held), live: null, consumer, last, policy, marks, ...observed },
      { ...wanted, spec: mine },
    ).filter(step => step.do === 'update-log');
  const update = (...differences: string[]) => [{ do: 'update-log', differences }];
  assert.deepEqual(planAt('1767225600000.2'), update('max_bytes', 'spec'));
  assert.deepEqual(planAt(''), update('max_bytes', 'spec'));
  assert.deepEqual(planAt(mine), update('max_bytes'));
  assert.deepEqual(planAt('1767225600000.10'), []);
  assert.deepEqual(planAt('1767225600001.1'), []);
  const fenced = log(100, { max_bytes: 5, subjects: ['fence'], metadata: at('1767225600000.10') });
  assert.deepEqual(planAt('', { log: fenced }), update('subjects'));
});

test('streams get more copies where they have fewer, and nothing else of them changes', () => {
  const more = {
    spec: '1767225600000.3',
    log: { ...wanted.log, num_replicas: 3 },
    live: { ...wanted.live, num_replicas: 3 },
    last: { ...wanted.last, num_replicas: 3 },
    policy: { ...policyConfig(names, options), num_replicas: 3 },
    marks: { ...marksConfig(names, options), num_replicas: 3 },
  };
  const raise = (over: Partial<ObservedStreams> = {}) =>
    planRaise(
      { floor: 90, stored: ALL, log: log(100), live: live(100), consumer, last, policy, marks, ...over },
      more,
    ).map(step => `${step.do} ${'differences' in step ? step.differences : ''}`);
  const streams = ['log', 'live', 'last', 'policy', 'marks'];
  const all = streams.map(name => `update-${name} num_replicas`);
  assert.deepEqual(raise(), all);
  assert.deepEqual(raise({ log: log(100, { num_replicas: 3 }), live: live(100, { num_replicas: 5 }) }), all.slice(2));
  assert.deepEqual(raise({ log: log(100, { max_bytes: 5 }) }), all);
  const newer = { metadata: { [EPOCH_KEY]: 'e', [FROM_KEY]: '1', [SPEC_KEY]: '1767225600000.4' } };
  assert.deepEqual(raise({ log: log(100, newer) }), all.slice(1));
  assert.deepEqual(raise({ log: null, live: null, last: null, policy: null, marks: null }), []);
});

test('specs are compared as numbers, first by when they were made', () => {
  const ascending = ['', '9.1', '1767225600000.2', '1767225600000.10', '1767225600001.1'];
  for (const [i, a] of ascending.entries())
    for (const [j, b] of ascending.entries())
      assert.equal(Math.sign(compareSpecs(a, b)), Math.sign(i - j), `${a} ${b}`);
});
