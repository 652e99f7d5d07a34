import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  afterConflict,
  afterRead,
  afterWrite,
  type Candidate,
  claim,
  exclusiveForMs,
  type Lease,
  mayLeadForMs,
  release,
  UNKNOWN,
} from '../../../../operator/leader/election.ts';

const ME: Candidate = { identity: 'me', timings: { durationMs: 10_000, renewMs: 7_000, retryMs: 2_000 } };
const AT = { namespace: 'system', name: 'operator' };
const DATE = new Date(Date.UTC(2026, 0, 1));

const lease = (holderIdentity: string, spec: object = {}): Lease => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { ...AT, resourceVersion: '7' },
  spec: {
    holderIdentity,
    leaseDurationSeconds: 10,
    acquireTime: 'then',
    renewTime: 'once',
    leaseTransitions: 3,
    ...spec,
  },
});
const claims = (election: typeof UNKNOWN, now: number) => claim(election, ME, AT, now, DATE);

test('the first Lease is new, another is taken over with its version and counted', () => {
  assert.deepEqual(claims(UNKNOWN, 0), {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: AT,
    spec: {
      holderIdentity: 'me',
      leaseDurationSeconds: 10,
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:00.000000Z',
      leaseTransitions: 0,
    },
  });
  const free = claims(afterRead(UNKNOWN, ME, lease(''), 0), 0);
  assert.equal(free?.metadata.resourceVersion, '7');
  assert.equal(free?.spec?.leaseTransitions, 4);
});

test('a renewal keeps when it was acquired', () => {
  const mine = claims(afterWrite(lease('me'), 0), 2_000);
  assert.deepEqual([mine?.spec?.acquireTime, mine?.spec?.leaseTransitions], ['then', 3]);
  assert.equal(mine?.spec?.renewTime, '2026-01-01T00:00:00.000000Z');
});

test('a leader counts from when it sent the renewal, not from the answer', () => {
  const held = afterWrite(lease('me'), 1_000);
  assert.deepEqual(
    [1_000, 7_999, 8_000].map(now => mayLeadForMs(held, ME, now)),
    [7_000, 1, 0],
  );
  assert.equal(exclusiveForMs(held, ME, 7_999), 3_001);
});

test('others count from when they saw it, and again when it changed', () => {
  const seen = afterRead(UNKNOWN, ME, lease('other'), 1_000);
  assert.equal(claims(seen, 10_999), undefined);
  assert.ok(claims(seen, 11_000));
  const unchanged = afterRead(seen, ME, { ...lease('other'), metadata: { ...AT, resourceVersion: '8' } }, 5_000);
  assert.ok(claims(unchanged, 11_000), 'a label is no sign of its holder');
  const renewed = afterRead(unchanged, ME, lease('other', { renewTime: 'again' }), 6_000);
  assert.equal(claims(renewed, 15_999), undefined);
});

test('how long to wait is what the Lease says', () => {
  const patient = afterRead(UNKNOWN, ME, lease('other', { leaseDurationSeconds: 60 }), 0);
  assert.equal(claims(patient, 59_999), undefined);
  assert.ok(claims(patient, 60_000));
  const silent = afterRead(UNKNOWN, ME, lease('other', { leaseDurationSeconds: null }), 0);
  assert.equal(claims(silent, 9_999), undefined);
});

test('a Lease that is made by another and removed before it was seen is waited for all the same', () => {
  const beaten = afterRead(afterConflict(UNKNOWN, ME, 1_000), ME, undefined, 3_000);
  assert.equal(claims(beaten, 10_999), undefined);
  assert.ok(claims(beaten, 11_000));
  assert.ok(claims(afterConflict(afterWrite(lease('me'), 0), ME, 1_000), 2_000), 'one of its own it may write again');
});

test('a Lease that was removed is free for its leader alone', () => {
  const leader = afterRead(afterWrite(lease('me'), 0), ME, undefined, 2_000);
  assert.ok(claims(leader, 2_000));
  assert.equal(mayLeadForMs(leader, ME, 2_000), 5_000);
  const former = afterRead(afterWrite(lease('me'), 0), ME, undefined, 8_000);
  assert.equal(claims(former, 17_999), undefined);
  const standby = afterRead(afterRead(UNKNOWN, ME, lease('other'), 0), ME, undefined, 2_000);
  assert.equal(claims(standby, 11_999), undefined);
});

test('a process that finds another holder in the Lease no longer leads', () => {
  assert.equal(mayLeadForMs(afterRead(afterWrite(lease('me'), 0), ME, lease('other'), 1_000), ME, 1_000), 0);
});

test('only the holder releases the Lease, and leaves it free', () => {
  assert.equal(release(afterRead(UNKNOWN, ME, lease('other'), 0), ME, DATE), undefined);
  assert.equal(release(UNKNOWN, ME, DATE), undefined);
  const given = release(afterWrite(lease('me'), 0), ME, DATE);
  assert.deepEqual([given?.spec?.holderIdentity, given?.metadata.resourceVersion], ['', '7']);
  assert.ok(claims(afterRead(UNKNOWN, ME, given, 0), 0));
});
