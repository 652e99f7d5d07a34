import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AutoscalingSpec } from '../../../../operator/api/chat-cluster.ts';
import { type Decision, decide, type Hold, type ScaleInput } from '../../../../operator/autoscale/decide.ts';
import type { Observation } from '../../../../operator/autoscale/history.ts';
import { inputOf, parseRecord, recordOf } from '../../../../operator/autoscale/record.ts';
import type { GatewaySample } from '../../../../operator/autoscale/sample.ts';
import { autoscaling } from '../../../../tools/simulator/autoscaling-spec.ts';
import { sample } from '../../../../tools/simulator/even-fleet.ts';
import { integer, pick, seeded } from '../../../../tools/support/random.ts';

const SEEDS = Array.from({ length: 60 }, (_, seed) => seed);
const STEPS = 250;

function randomSpec(random: () => number): AutoscalingSpec {
  const minReplicas = 1 + integer(random, 4);
  const rules = (window: number) => ({
    stabilizationWindowSeconds: pick(random, [0, 15, window]),
    tolerancePercent: pick(random, [0, 10]),
    selectPolicy: pick(random, ['Max', 'Max', 'Min', 'Disabled'] as const),
    policies: [
      { type: 'Percent', value: pick(random, [10, 50, 100]), periodSeconds: pick(random, [15, 60]) },
      { type: 'Pods', value: 1 + integer(random, 4), periodSeconds: pick(random, [15, 60]) },
    ] as const,
  });
  return autoscaling({
    minReplicas,
    maxReplicas: minReplicas + integer(random, 30),
    ...(random() < 0.5 ? { targetConnections: 100 } : {}),
    freeSlots: pick(random, [0, 50, '10%', '100%']),
    collapsePercent: pick(random, [30, 50, 100]),
    collapseHoldSeconds: pick(random, [0, 60, 200]),
    behavior: { scaleUp: rules(30), scaleDown: rules(90) },
  });
}

interface Step {
  readonly input: ScaleInput;
  readonly decision: Decision;
}

/** A fleet with a load that wanders, jumps and collapses, gateways that fall silent, and holds that come and go. */
function* course(seed: number): Generator<Step> {
  const random = seeded(seed);
  const spec = randomSpec(random);
  let current = spec.minReplicas;
  let total = integer(random, 2_000);
  let held: Hold = 'None';
  let now = 0;
  let history: readonly Observation[] = [];
  let quiet = 0;
  for (let step = 0; step < STEPS; step++) {
    now += 1_000 * (3 + integer(random, 5));
    quiet = quiet > 0 ? quiet - 1 : random() < 0.03 ? 60 : 0;
    if (quiet === 0 && random() < 0.05) total = integer(random, 4_000);
    else if (quiet === 0) total = Math.max(0, total + integer(random, 101) - 50);
    if (random() < 0.02) held = pick(random, ['None', 'None', 'ScaleIn', 'ScaleOut', 'All'] as const);
    const samples: GatewaySample[] = Array.from({ length: current }, (_, at) => {
      const load = { connections: Math.floor(total / current) + (at < total % current ? 1 : 0), cpu: random() * 0.3 };
      if (random() > 0.002) return sample(`gateway-${at}`, load);
      return { ...sample(`gateway-${at}`), ready: random() < 0.5, served: random() < 0.5, load: undefined };
    });
    const input: ScaleInput = {
      spec,
      replicas: 1,
      maxConnections: 150,
      current,
      samples: random() < 0.005 ? undefined : samples,
      held,
      why: held === 'None' ? '' : 'held',
      now,
      history,
    };
    const decision = decide(input);
    yield { input, decision };
    history = decision.history;
    current = decision.replicas;
  }
}

const COURSES = SEEDS.map(seed => [...course(seed)]);

test('never outside the bounds, unless a hold keeps it there', () => {
  for (const [seed, steps] of COURSES.entries())
    for (const { input, decision } of steps) {
      if (input.held !== 'None') continue;
      assert.ok(decision.replicas >= input.spec.minReplicas, `seed ${seed}`);
      assert.ok(decision.replicas <= input.spec.maxReplicas, `seed ${seed}`);
    }
});

test('never fewer while a gateway does not report its load, or while a hold forbids it', () => {
  for (const [seed, steps] of COURSES.entries())
    for (const { input, decision } of steps) {
      const silent = input.samples?.some(each => each.load === undefined && (each.served || each.ready)) ?? true;
      const kept = silent || input.held === 'All' || input.held === 'ScaleIn';
      if (kept && input.current <= input.spec.maxReplicas)
        assert.ok(decision.replicas >= input.current, `seed ${seed}: ${decision.message}`);
      if (input.held === 'All' || input.held === 'ScaleOut')
        assert.ok(decision.replicas <= input.current, `seed ${seed}: ${decision.message}`);
    }
});

test('never more in a period than the most generous policy allows, in either direction', () => {
  for (const [seed, steps] of COURSES.entries()) {
    for (const [at, { input, decision }] of steps.entries()) {
      const { current, now, spec } = input;
      if (decision.replicas === current || current < spec.minReplicas || current > spec.maxReplicas) continue;
      const isUp = decision.replicas > current;
      const rules = isUp ? spec.behavior.scaleUp : spec.behavior.scaleDown;
      assert.notEqual(rules.selectPolicy, 'Disabled');
      const within = rules.policies.some(({ type, value, periodSeconds }) => {
        const period = steps.slice(0, at).filter(each => each.input.now > now - periodSeconds * 1_000);
        const changes = period.map(each => each.decision.replicas - each.input.current);
        const start = current - changes.reduce((sum, change) => sum + change, 0);
        const limit =
          type === 'Pods' ? value : isUp ? Math.ceil((start * value) / 100) : Math.floor((start * value) / 100);
        return isUp ? decision.replicas <= start + limit : decision.replicas >= start - limit;
      });
      assert.ok(within, `seed ${seed}: ${decision.message}`);
    }
  }
});

test('after every step all connections fit below the hard limit with one gateway gone, as far as the load was known', () => {
  for (const [seed, steps] of COURSES.entries())
    for (const { input, decision } of steps) {
      if (decision.replicas >= input.current || input.current > input.spec.maxReplicas) continue;
      const total = decision.connections ?? Number.POSITIVE_INFINITY;
      const others = input.spec.minReplicas === 1 && decision.replicas === 1 ? 1 : decision.replicas - 1;
      assert.ok(total <= others * input.maxConnections, `seed ${seed}: ${decision.message}`);
    }
});

test('an operator that lost its memory never takes away more, or earlier', () => {
  let compared = 0;
  for (const [seed, steps] of COURSES.entries()) {
    const random = seeded(seed + 1_000);
    let history: readonly Observation[] = [];
    for (const { input, decision } of steps) {
      if (random() < 0.01) history = [];
      const other = decide({ ...input, history });
      history = other.history;
      if (other.replicas < input.current) compared++;
      assert.ok(
        other.replicas >= Math.min(decision.replicas, input.current),
        `seed ${seed}: ${other.message} but ${decision.message}`,
      );
    }
  }
  assert.ok(compared > 20, `only ${compared} steps down were compared`);
});

test('a recorded decision is made again from its line', () => {
  for (const { input, decision } of COURSES[7] ?? []) {
    const line = JSON.stringify({ level: 20, msg: 'decision', decision: recordOf(input, decision) });
    const record = parseRecord(line);
    assert.ok(record);
    const again = inputOf(record);
    assert.equal(JSON.stringify(recordOf(again, decide(again))), JSON.stringify(record));
  }
});

test('other lines of a log are no records, and another version is refused', () => {
  for (const line of ['', 'text', 'null', '7', '{"level":30,"msg":"child written"}', '{"decision":{"reason":"x"}}'])
    assert.equal(parseRecord(line), undefined);
  assert.throws(() => parseRecord('{"decision":{"version":2,"output":{}}}'), /version 2/);
});
