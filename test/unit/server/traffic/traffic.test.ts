import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { Traffic } from '../../../../server/traffic/traffic.ts';
import { WAVE_EVERY_MS } from '../../../../server/traffic/waves.ts';

/** A gateway that is nothing but a number of connections, and a clock. */
function setUp(connections: number) {
  const world = { connections, now: 1_000_000, stopped: false, moved: {} as Record<string, number> };
  const traffic = new Traffic({
    connections: () => world.connections,
    shed: count => {
      world.connections -= count;
    },
    stopAccepting: () => {
      world.stopped = true;
    },
    moved: (reason, count) => {
      world.moved[reason] = (world.moved[reason] ?? 0) + count;
    },
    now: () => world.now,
    logger: pino({ level: 'silent' }),
  });
  traffic.start();
  /** Connections after each wave. */
  const pass = (ms: number) => {
    const seen: number[] = [];
    for (const end = world.now + ms; world.now < end; ) {
      world.now += WAVE_EVERY_MS;
      traffic.wave();
      seen.push(world.connections);
    }
    return seen;
  };
  return { world, traffic, pass };
}

const facts = ({ ready, draining, refusing, closing }: Traffic) => ({ ready, draining, refusing, closing });
const SERVING = { ready: true, draining: false, refusing: false, closing: false };

test('an intent without a number keeps new clients away and nobody is moved', () => {
  const { world, traffic, pass } = setUp(100);
  assert.deepEqual(facts(traffic), SERVING);
  traffic.setIntent({ reason: 'ScaleDown' });
  assert.deepEqual(facts(traffic), { ready: false, draining: true, refusing: false, closing: false });
  pass(60_000);
  assert.equal(world.connections, 100);
  traffic.setIntent(null);
  assert.deepEqual(facts(traffic), SERVING);
});

test('a gateway that its Service has let go of stays ready, until the process ends', () => {
  const { traffic } = setUp(100);
  traffic.setIntent({ reason: 'ScaleDown', unselected: true });
  assert.deepEqual(facts(traffic), { ready: true, draining: true, refusing: false, closing: false });
  traffic.setIntent({ reason: 'ScaleDown', keep: 0, perSecond: 1, unselected: true });
  assert.deepEqual(facts(traffic), { ready: true, draining: true, refusing: true, closing: true });
  // The Service selects it again although it is to take nobody: then readiness has to keep clients away.
  traffic.setIntent({ reason: 'ScaleDown', keep: 0, perSecond: 1 });
  assert.equal(traffic.ready, false);
  traffic.setIntent({ reason: 'ScaleDown', keep: 0, perSecond: 1, unselected: true });
  void traffic.end(1_000, 1_000);
  assert.equal(traffic.ready, false);
});

test('connections are closed down to the number, at the rate, and no further', () => {
  const { world, traffic, pass } = setUp(100);
  traffic.setIntent({ reason: 'Rebalance', keep: 70, perSecond: 10 });
  assert.deepEqual(facts(traffic), { ready: false, draining: true, refusing: false, closing: true });
  const left = pass(1_000);
  assert.ok(
    left.every(count => count >= 90),
    String(left),
  );
  pass(3_000);
  assert.equal(world.connections, 70);
  assert.deepEqual(facts(traffic), { ready: false, draining: true, refusing: false, closing: false });
  world.connections += 5; // who comes although it is not ready
  pass(2_000);
  assert.equal(world.connections, 70);
  assert.deepEqual(world.moved, { Rebalance: 35 });
});

test('down to none refuses whoever comes, and all of it can be taken back in the middle', () => {
  const { world, traffic, pass } = setUp(100);
  traffic.setIntent({ reason: 'ScaleDown', keep: 0, perSecond: 20 });
  assert.ok(traffic.refusing);
  pass(2_000);
  assert.ok(world.connections >= 60 && world.connections <= 72, String(world.connections));
  traffic.setIntent(null);
  const kept = world.connections;
  pass(10_000);
  assert.deepEqual([world.connections, world.stopped], [kept, false]);
  assert.deepEqual(facts(traffic), SERVING);
});

test('an intent that was there before the start leaves no moment of readiness', () => {
  const { traffic } = setUp(0);
  const before = new Traffic({
    connections: () => 0,
    shed: () => undefined,
    stopAccepting: () => undefined,
    moved: () => undefined,
    now: () => 0,
    logger: pino({ level: 'silent' }),
  });
  assert.deepEqual(facts(before), { ready: false, draining: false, refusing: false, closing: false });
  before.setIntent({ reason: 'Hibernate', keep: 0, perSecond: 1 });
  before.start();
  assert.equal(before.ready, false);
  assert.equal(traffic.ready, true);
});

test('at its end a gateway accepts for the delay, then closes all in even waves', async () => {
  const { world, traffic, pass } = setUp(80);
  const ended = traffic.end(3_000, 20_000);
  assert.ok(pass(2_900).every(count => count === 80));
  assert.equal(world.stopped, false);
  const left = pass(20_000);
  assert.equal(world.stopped, true);
  assert.deepEqual([left[9], left[99], left[149], left.at(-1)], [76, 40, 20, 0]);
  await ended;
  assert.deepEqual(world.moved, { Shutdown: 80 });
});

test('a gateway that ends in the middle of a slow drain is done in time, without closing all at once', async () => {
  const { world, traffic, pass } = setUp(1_000);
  traffic.setIntent({ reason: 'ScaleDown', keep: 0, perSecond: 4 });
  pass(10_000);
  assert.ok(world.connections >= 955);
  const before = world.connections;
  const ended = traffic.end(3_000, 10_000);
  assert.ok(before - world.connections <= 26, 'it was not ready for longer than the delay, so the first wave is now');
  const left = pass(10_000);
  assert.ok(
    left.every((count, i) => (i === 0 ? world.connections : (left[i - 1] ?? 0)) - count <= 26),
    String(left),
  );
  assert.equal(world.connections, 0);
  await ended;
});

test('a gateway that ends in the middle of a faster drain keeps its pace', async () => {
  const { world, traffic, pass } = setUp(1_000);
  traffic.setIntent({ reason: 'ScaleDown', keep: 0, perSecond: 200 });
  pass(1_000);
  const ended = traffic.end(3_000, 60_000);
  const left = pass(6_000);
  assert.equal(left.at(-1), 0);
  await ended;
  assert.deepEqual(world.moved, { ScaleDown: 1_000 });
});

test('an end without connections waits for nothing', async () => {
  const { traffic, world } = setUp(0);
  await traffic.end(3_000, 20_000);
  assert.ok(world.stopped);
});
