import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reasonOf } from '../../../../server/bus/nats-link.ts';
import { Gate } from '../../../../server/worker/gate.ts';
import { Health } from '../../../../server/worker/health.ts';
import { recentEnough } from '../../../../tools/local/nats-binary.ts';
import { judge } from '../../../../tools/local/prerequisites.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';

function health() {
  const clock = new ManualClock();
  const it = new Health(2, partition => `LOG_${partition}`, clock);
  const pass = (ms: number) => clock.pass(ms);
  return { it, pass };
}

test('health tells the nearest reason: connection, then streams, then what happened lately', () => {
  const { it, pass } = health();
  assert.deepEqual(it.report().nats, { reachable: false, reason: 'not connected yet' });
  it.natsIs(true, 'connected');
  assert.match(it.report().nats.reason, /made once MongoDB has reported/);
  it.storeIs(true, 'answers');
  assert.match(it.report().nats.reason, /being made/);
  it.streamsAre(0, null);
  it.streamsAre(1, 'stream X: no space');
  assert.deepEqual(it.report().nats, { reachable: false, reason: 'stream X: no space' });
  assert.equal(it.complete, false);
  it.streamsAre(1, null);
  assert.deepEqual(it.report().nats, { reachable: true, reason: 'connected' });
  it.readingIs(1, 'LOG_1 cannot be read: 409');
  assert.deepEqual(it.report().nats, { reachable: false, reason: 'LOG_1 cannot be read: 409' });
  it.readingIs(1, null);
  it.incident('stream X vanished');
  assert.deepEqual(it.report().nats, { reachable: true, reason: 'stream X vanished' });
  pass(600_001);
  assert.equal(it.report().nats.reason, 'connected');
  it.natsIs(false, 'the connection to NATS was lost');
  assert.equal(it.report().nats.reachable, false);
  assert.equal(it.complete, true);
});

test('a worker is ready once the messages of all partitions are stored: streams that are only read are not enough', () => {
  const { it } = health();
  it.natsIs(true, 'connected');
  it.storeIs(false, 'away');
  for (const partition of [0, 1]) it.streamsAre(partition, null);
  assert.deepEqual([it.complete, it.ready], [true, false]);
  assert.deepEqual(it.report().nats, { reachable: true, reason: 'connected' });
  it.storing(0);
  assert.equal(it.ready, false);
  it.storing(1);
  assert.equal(it.ready, true);
});

test('the lag is that of all partitions', () => {
  const { it } = health();
  it.lagIs(0, 3);
  it.lagIs(1, 4);
  it.lagIs(0, 1);
  assert.equal(it.report().storeLag, 5);
});

test('the copies are those of the partition with the fewest, and none are told before all have been looked at', () => {
  const { it } = health();
  it.copiesAre(0, 3, '');
  assert.equal(it.report().copies, undefined);
  it.copiesAre(1, 1, 'NATS is a single server');
  assert.deepEqual(it.report().copies, { fewest: 1, whyNotMore: 'NATS is a single server' });
  it.copiesAre(1, 1, undefined);
  assert.deepEqual(it.report().copies, { fewest: 1 }, 'NATS has not been asked for more yet');
});

test('the room in the streams is that of the fullest, with its name', () => {
  const { it } = health();
  assert.deepEqual(it.report().log, { room: 'Enough', reason: '' });
  it.logIs(0, 'Enough');
  it.logIs(1, 'WindowShortened');
  assert.equal(it.report().log?.room, 'WindowShortened');
  assert.match(it.report().log?.reason ?? '', /^LOG_1: .* 70 %/);
  it.logIs(0, 'NearlyFull');
  assert.equal(it.report().log?.room, 'NearlyFull');
  assert.match(it.report().log?.reason ?? '', /^LOG_0: .* 80 % .* refused/);
  it.logIs(0, 'Enough');
  it.logIs(1, 'Enough');
  assert.deepEqual(it.report().log, { room: 'Enough', reason: '' });
});

test('a gate holds until it opens, and lets go of who stops waiting', async () => {
  const gate = new Gate();
  const stop = new AbortController();
  const order: string[] = [];
  const first = gate.pass(new AbortController().signal).then(() => order.push('opened'));
  const second = gate.pass(stop.signal).then(() => order.push('stopped'));
  stop.abort();
  await second;
  gate.open();
  await first;
  assert.deepEqual(order, ['stopped', 'opened']);
  await gate.pass(new AbortController().signal);
});

test('the reason NATS is missing names the cause', () => {
  const refused = new Error('nope');
  refused.name = 'AuthorizationError';
  assert.equal(reasonOf(refused), 'NATS refused the credentials');
  const cause = new Error('connection refused', { cause: new Error('connect ECONNREFUSED 127.0.0.1:4222') });
  assert.equal(reasonOf(cause), 'NATS cannot be reached: connect ECONNREFUSED 127.0.0.1:4222');
});

test('a nats-server that is too old is not used', () => {
  assert.equal(recentEnough('nats-server: v2.15.2'), true);
  assert.equal(recentEnough('nats-server: v2.12.0'), true);
  assert.equal(recentEnough('nats-server: v2.9.25'), false);
  assert.equal(recentEnough('nats-server: v3.0.0'), true);
  assert.equal(recentEnough('something else'), false);
});

test('a missing or old program is named with its package', () => {
  const java = {
    program: 'java',
    args: [],
    reason: '',
    debian: 'openjdk-17-jdk-headless',
    atLeast: { major: 17, find: /version "(\d+)/, written: '17' },
  };
  assert.equal(judge(java, 'openjdk version "17.0.15" 2025-04-15'), null);
  assert.match(judge(java, 'openjdk version "11.0.2"') ?? '', /at least version 17/);
  assert.match(judge(java, null) ?? '', /openjdk-17-jdk-headless/);
});

test('a fold that is late is named with its problem; the lag is that of the fold furthest behind', () => {
  const { it } = health();
  assert.equal(it.report().folds, undefined);
  it.folds.lagIs('state', 0, { entries: 4, seconds: 0 });
  it.folds.lagIs('views', 0, { entries: 10, seconds: 59 });
  it.folds.lagIs('views', 1, { entries: 20, seconds: 3 });
  it.folds.failing('views', 1, 'MongoDB is away');
  assert.deepEqual(it.report().folds, { lag: 30, reason: '' });
  it.folds.lagIs('views', 1, { entries: 20, seconds: 61 });
  assert.equal(it.report().folds?.reason, 'the fold views is more than 60 s behind: MongoDB is away');
  it.folds.failing('views', 1, null);
  assert.equal(it.report().folds?.reason, 'the fold views is more than 60 s behind');
});
