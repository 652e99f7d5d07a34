import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admission } from '../../server/gateway/admission.ts';

function setUp(allowedOrigins = 'https://chat.example, https://www.example') {
  const world = { connections: 0, now: 0, refused: [] as string[] };
  const judge = admission({
    allowedOrigins,
    maxConnections: 100,
    connectsPerSecond: 10,
    connections: () => world.connections,
    now: () => world.now,
    refused: reason => void world.refused.push(reason),
  });
  return { world, judge };
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
