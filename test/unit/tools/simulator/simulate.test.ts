import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordOf } from '../../../../operator/autoscale/record.ts';
import { Hpa, proposal } from '../../../../tools/simulator/hpa.ts';
import { replay } from '../../../../tools/simulator/replay.ts';
import { MAX_REPLICAS, runBuiltin, runHpa, setting, YARDSTICK } from '../../../../tools/simulator/run-trace.ts';
import { type Trace, traces } from '../../../../tools/simulator/trace.ts';
import { World } from '../../../../tools/simulator/world.ts';

/** Short enough for a unit test: the day takes two hours, the others a part of theirs. */
const SHORT = traces(1 / 12).map(trace => ({ ...trace, seconds: Math.min(trace.seconds, 5_400) }));
const FULL = traces();
const GIVEN = setting({ targetConnections: 5_000 });
const LEARNED = setting();
const { scaleDown } = GIVEN.spec.behavior;

const named = (of: readonly Trace[], name: string): Trace => {
  const found = of.find(trace => trace.name === name);
  assert.ok(found);
  return found;
};

for (const trace of SHORT)
  test(`${trace.name}: never outside the bounds, and never faster down than 10 per cent or one a minute`, () => {
    const { points, scaler } = runBuiltin(trace, GIVEN);
    assert.ok(points.every(({ size }) => size >= GIVEN.spec.minReplicas && size <= MAX_REPLICAS));
    for (const { input, decision } of scaler.made) {
      if (decision.replicas >= input.current) continue;
      const minute = scaler.made.filter(each => each.input.now > input.now - 60_000 && each.input.now < input.now);
      const fewer = minute.reduce((sum, each) => sum + Math.max(0, each.input.current - each.decision.replicas), 0);
      const start = input.current + fewer;
      assert.ok(start - decision.replicas <= Math.max(1, Math.floor(start / 10)), decision.message);
    }
    assert.equal(scaleDown.policies.length, 2);
  });

test('a storm finds places for everybody, and nobody is moved for it', () => {
  const { measures } = runBuiltin(named(FULL, 'storm'), GIVEN);
  assert.deepEqual([measures.refused, measures.moves, measures.aboveTarget], [0, 0, 0]);
});

for (const trace of FULL)
  test(`${trace.name}: gateways as busy as they can be refuse nobody, and none is late`, () => {
    const { measures } = runBuiltin(trace, LEARNED);
    assert.deepEqual([measures.refused, measures.late], [0, 0]);
  });

test('where each connection costs three times as much, a gateway is learned to carry a third', () => {
  const { scaler } = runBuiltin(named(FULL, 'busy'), LEARNED);
  const carries = (second: number) =>
    scaler.made.find(({ input }) => input.now >= second * 1_000)?.decision.capacity?.connections ?? 0;
  const [before, during, after] = [carries(1_800), carries(5_400), carries(10_500)];
  assert.ok(before > 6_300 && before < 7_000, `${before}`);
  assert.ok(during > before / 3.2 && during < before / 2.7, `${during}`);
  assert.ok(after > 6_300 && after < 7_000, `${after}`);
});

test('chance in what gateways say moves what is learned by a few per cent at most', () => {
  const { scaler } = runBuiltin(named(FULL, 'storm'), LEARNED);
  const learned = scaler.made.slice(12).map(({ decision }) => decision.capacity?.connections ?? 0);
  assert.ok(
    Math.min(...learned) > 6_100 && Math.max(...learned) < 7_100,
    `${Math.min(...learned)} ${Math.max(...learned)}`,
  );
});

test('a storm after the loss of a gateway fits below a tight limit as well', () => {
  const trace = named(FULL, 'storm');
  const tight = {
    ...setting({ targetConnections: 5_000, freeSlots: '10%' }),
    limits: { maxConnections: 5_500, connectsPerSecond: 500 },
  };
  assert.equal(
    runBuiltin({ ...trace, incidents: [...trace.incidents, { second: 2_400, what: 'gateway' }] }, tight).measures
      .refused,
    0,
  );
});

test('while the network is down for twelve minutes no gateway goes; a plain HPA is at its minimum', () => {
  const trace = named(FULL, 'collapse');
  const builtin = runBuiltin(trace, GIVEN);
  const sizes = (from: number, to: number) =>
    new Set(builtin.points.filter(({ second }) => second >= from && second < to).map(({ size }) => size));
  assert.deepEqual([...sizes(1_200, 1_920)], [13]);
  assert.ok(builtin.scaler.made.some(({ decision }) => decision.reason === 'Collapsed'));
  assert.equal(builtin.measures.refused, 0);
  const hpa = runHpa(trace, YARDSTICK);
  assert.ok(hpa.points.some(({ second, size }) => second < 1_900 && size === 2));
  assert.ok(hpa.measures.refused > 10_000);
});

test('a fleet that comes and goes is moved less, and is less above the target, than by a plain HPA', () => {
  const trace = named(FULL, 'flapping');
  const [builtin, hpa] = [runBuiltin(trace, GIVEN).measures, runHpa(trace, YARDSTICK).measures];
  assert.ok(builtin.moves < hpa.moves, `${builtin.moves} and ${hpa.moves}`);
  assert.ok(builtin.aboveTarget < hpa.aboveTarget);
});

test('gateways of a lost node are replaced before Kubernetes evicts them', () => {
  const { points } = runBuiltin(named(FULL, 'node'), GIVEN);
  const sizeAt = (second: number) => points.find(point => point.second === second)?.size ?? 0;
  assert.equal(sizeAt(900 + 200) - sizeAt(900), 3);
});

test('on a slow ramp far fewer clients are above the target, for two gateway-hours at most', () => {
  const trace = named(FULL, 'ramp');
  const [builtin, hpa] = [runBuiltin(trace, GIVEN).measures, runHpa(trace, YARDSTICK).measures];
  assert.ok(builtin.aboveTarget < hpa.aboveTarget / 2);
  assert.ok(builtin.hours < hpa.hours + 2);
});

test('a run that is recorded and replayed gives the same decisions, and another rule shows', () => {
  const { scaler } = runBuiltin(named(SHORT, 'collapse'), GIVEN);
  const lines = scaler.made.map(({ input, decision }) =>
    JSON.stringify({ level: 20, msg: 'decision', decision: recordOf(input, decision) }),
  );
  const good = replay(['{"level":30,"msg":"all kinds are listed"}', ...lines, '']);
  assert.deepEqual([good.decisions, good.different.length], [lines.length, 0]);
  const changed = lines.map(line => line.replaceAll('"targetConnections":5000', '"targetConnections":4000'));
  assert.ok(replay(changed).different.length > 0);
});

const pods = (...connections: (number | undefined)[]) =>
  connections.map(each => ({ connections: each, pending: false }));

test('the plain HPA follows the rules of the upstream one', () => {
  const base = { minReplicas: 2, maxReplicas: 20, targetAverage: 100 };
  const propose = (...connections: (number | undefined)[]) =>
    proposal({ ...base, current: connections.length, pods: pods(...connections) });
  assert.equal(propose(109, 109), 2);
  assert.equal(propose(111, 111), 3);
  assert.equal(propose(90, 90, 90), 3);
  assert.equal(propose(60, 60, 60), 2);
  // One that is silent counts as empty on the way up and as full on the way down.
  assert.equal(propose(160, undefined), 2);
  assert.equal(propose(250, undefined), 3);
  assert.equal(propose(10, 10, undefined), 2);
  assert.equal(propose(undefined), 1);
  const pending = [
    ...pods(200, 200),
    { connections: undefined, pending: true },
    { connections: undefined, pending: true },
  ];
  assert.equal(proposal({ ...base, current: 4, pods: pending }), 4);
});

test('the plain HPA doubles or adds four in 15 s, and goes down in one step after 300 s', () => {
  const hpa = new Hpa();
  const base = { minReplicas: 2, maxReplicas: 50, targetAverage: 100 };
  const sync = (second: number, current: number, total: number) =>
    hpa.sync({ ...base, current, second, pods: pods(...Array.from({ length: current }, () => total / current)) });
  assert.equal(sync(0, 2, 4_000), 6);
  assert.equal(sync(15, 6, 4_000), 12);
  assert.equal(sync(30, 12, 4_000), 24);
  assert.equal(sync(45, 24, 4_000), 40);
  assert.equal(sync(60, 40, 300), 40);
  assert.equal(sync(330, 40, 300), 40);
  assert.equal(sync(360, 40, 300), 3);
});

test('no client of the simulated world is lost or made twice', () => {
  for (const how of [{ how: 'drained' } as const, { how: 'deleted', seconds: 20 } as const]) {
    const options = {
      maxConnections: 300,
      connectsPerSecond: 50,
      startSeconds: 10,
      drain: { delaySeconds: 3, timeoutSeconds: 20, reconnectsPerSecond: 100, patienceSeconds: 5 },
      sessionSeconds: 60,
    };
    const world = new World({ ...options, scaleDown: how }, 5, 1_000);
    for (let second = 0; second < 300; second++) {
      if (second === 20) world.setSize(3);
      if (second === 60) world.cut();
      if (second === 90) world.kill('node');
      if (second === 120) world.setSize(8);
      world.step(1_000);
      assert.equal(world.connected() + world.waiting(), 1_000, `${second} s`);
      assert.ok(world.gateways.every(gateway => gateway.connections >= 0 && gateway.connections <= 300));
    }
    assert.equal(world.connected(), 1_000);
    assert.ok(world.moves > 300);
  }
});
