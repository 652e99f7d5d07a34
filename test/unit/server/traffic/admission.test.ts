import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admission } from '../../../../server/traffic/admission.ts';

function setUp(allowedOrigins = 'https://chat.example, https://www.example') {
  const world = { connections: 0, most: 100, patient: 0, now: 0, closed: false, refused: [] as string[] };
  const limits = { allowedOrigins, connectsPerSecond: 10, connectsPerSecondPerAddress: 10, trustedProxies: 'none' };
  const admit = admission({
    limits,
    closed: () => world.closed,
    most: () => world.most,
    connections: () => world.connections,
    endUnsigned: () => {
      if (world.patient === 0) return false;
      world.patient -= 1;
      world.connections -= 1;
      return true;
    },
    now: () => world.now,
    refused: reason => void world.refused.push(reason),
  });
  const judge = (origin: string, peer = [192, 0, 2, 1]) =>
    admit({ origin, peer: new Uint8Array(peer), forwardedFor: () => '' });
  return { world, limits, judge };
}

test('a listed origin, and a client that is no page, are accepted; any other origin is not', () => {
  const { world, judge } = setUp();
  for (const origin of ['https://chat.example', 'https://www.example', '']) assert.equal(judge(origin), null);
  for (const origin of ['https://evil.example', 'https://chat.example.evil', 'http://chat.example', 'null'])
    assert.equal(judge(origin), '403 Forbidden');
  assert.deepEqual(world.refused, Array(4).fill('origin'));
});

test('a star accepts every origin', () => {
  assert.equal(setUp('*').judge('https://any.example'), null);
});

test('a full gateway refuses until somebody has left', () => {
  const { world, judge } = setUp();
  world.connections = 100;
  assert.equal(judge(''), '503 Service Unavailable');
  world.connections = 99;
  assert.equal(judge(''), null);
  assert.deepEqual(world.refused, ['connections']);
});

test('so many connect in a second, and refusals for other reasons do not count', () => {
  const { world, judge } = setUp();
  for (let i = 0; i < 50; i++) judge('https://evil.example');
  const accepted = () => Array.from({ length: 30 }, () => judge('')).filter(refusal => refusal === null).length;
  assert.equal(accepted(), 10);
  world.now = 500;
  assert.equal(accepted(), 5);
  assert.ok(world.refused.includes('rate'));
});

test('a closed gateway refuses everybody, until it opens again', () => {
  const { world, judge } = setUp();
  world.closed = true;
  assert.equal(judge(''), '503 Service Unavailable');
  assert.equal(judge('https://evil.example'), '403 Forbidden');
  world.closed = false;
  assert.equal(judge(''), null);
  assert.deepEqual(world.refused, ['draining', 'origin']);
});

test('limits that change apply to the next who connects', () => {
  const { world, limits, judge } = setUp();
  limits.allowedOrigins = 'https://other.example';
  assert.deepEqual([judge('https://chat.example'), judge('https://other.example')], ['403 Forbidden', null]);
  limits.connectsPerSecond = 2;
  world.now = 10_000;
  assert.deepEqual([judge(''), judge(''), judge('')], [null, null, '503 Service Unavailable']);
  limits.connectsPerSecond = 10;
  world.most = 5;
  world.connections = 5;
  world.now = 20_000;
  assert.equal(judge(''), '503 Service Unavailable');
  assert.deepEqual(world.refused, ['origin', 'rate', 'connections']);
});

test('a full gateway takes another one in place of a connection that had its time to sign in', () => {
  const { world, judge } = setUp();
  Object.assign(world, { connections: 100, patient: 1 });
  assert.equal(judge(''), null);
  world.connections = 100;
  assert.equal(judge(''), '503 Service Unavailable');
});

test('an address that had its share while others need theirs is refused with 429', () => {
  const { world, limits, judge } = setUp();
  limits.connectsPerSecondPerAddress = 2;
  for (let i = 0; i < 9; i++) judge('');
  assert.equal(judge('', [192, 0, 2, 2]), null);
  assert.equal(judge(''), '429 Too Many Requests');
  assert.deepEqual(world.refused, ['address']);
});
