import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GatewaySample } from '../../../../operator/autoscale/sample.ts';
import { EvenFleet, sample } from '../../../../tools/simulator/even-fleet.ts';

/** Nothing but what is learned counts, and gateways may hold many. */
function learning(replicas: number, minReplicas = 2) {
  const fleet = new EvenFleet(replicas, { minReplicas, maxReplicas: 50, targetConnections: undefined });
  fleet.maxConnections = 15_000;
  return fleet;
}

/** Gateways that use a ten-thousandth of a core for each connection, times `dear`; and `more` besides. */
const costing =
  (dear = 1, more: Partial<GatewaySample['load']> = {}) =>
  (samples: GatewaySample[]): GatewaySample[] =>
    samples.map(each => {
      const connections = each.load?.connections ?? 0;
      return { ...each, load: { ...sample('', { connections, cpu: (dear * connections) / 10_000 }).load, ...more } };
    }) as GatewaySample[];

test('a gateway is learned to carry as many connections as bring its CPU to the target', () => {
  const fleet = learning(4);
  const decision = fleet.run(60, 36_000, costing());
  assert.equal(decision.capacity?.connections, 7_000);
  assert.equal(fleet.replicas, 6);
  assert.equal(fleet.decisions[0]?.message, 'from 4 to 6: 36,000 connections at 7,000 a gateway, learned from CPU');
});

test('what is dearest counts: deliveries, or an event loop that is late', () => {
  for (const [more, from, words] of [
    [{ deliveriesPerSecond: 75_000 }, 'deliveries', 'deliveries'],
    [{ eventLoopLagMs: 150 }, 'eventLoopLag', 'event loop lag'],
  ] as const) {
    const decision = learning(4).run(5, 24_000, costing(1, more));
    assert.deepEqual([decision.capacity?.from, decision.capacity?.connections], [from, 4_000]);
    assert.match(
      decision.message,
      new RegExp(`^from 4 to 6: 24,000 connections at 4,000 a gateway, learned from ${words}$`),
    );
  }
});

test('twenty seconds of dear sign-ins teach nothing, and add no gateway', () => {
  const fleet = learning(6);
  fleet.run(60, 36_000, costing());
  fleet.run(20, 36_000, costing(1.6));
  assert.equal(fleet.run(60, 36_000, costing()).capacity?.connections, 7_000);
  assert.equal(fleet.replicas, 6);
});

test('a chat whose connections have become three times as dear has three times the gateways within a minute', () => {
  const fleet = learning(6);
  fleet.run(60, 36_000, costing());
  fleet.run(60, 36_000, costing(3));
  assert.equal(fleet.replicas, 16);
});

test('it is never above limits.maxConnections, nor above twice the connections that gateways had', () => {
  const cheap = learning(2).run(60, 28_000, costing(0.2));
  assert.deepEqual([cheap.capacity?.from, cheap.capacity?.connections], ['maxConnections', 15_000]);
  assert.equal(learning(2).run(60, 4_000, costing(0.9)).capacity?.connections, 4_000);
});

test('gateways that do next to nothing teach nothing; what was learned before stays', () => {
  const idle = learning(4).run(60, 1_000, costing());
  assert.equal(idle.capacity, undefined);
  const targets = idle.asks.map(({ target }) => target);
  assert.ok(targets.includes('cpu') && !targets.includes('connections'), targets.join());
  const night = learning(6);
  night.run(60, 36_000, costing());
  const later = night.run(120, 600, costing());
  assert.equal(later.capacity?.connections, 7_000);
});

test('one look is enough to begin with: an operator that has just started adds nothing for want of memory', () => {
  const fleet = learning(6);
  fleet.forget();
  const decision = fleet.run(5, 36_000, costing());
  assert.deepEqual([decision.capacity?.connections, decision.replicas], [7_000, 6]);
});

test('what two gateways do has to fit into the core of one', () => {
  const decision = learning(2).run(5, 11_000, costing());
  assert.deepEqual([decision.target, decision.replicas], ['lossOfOne', 3]);
  assert.equal(learning(2).run(5, 9_900, costing()).replicas, 2);
  // With minReplicas 1 the loss of the only gateway is accepted.
  assert.equal(learning(1, 1).run(5, 6_900, costing()).replicas, 1);
});

test('beside a declared target nothing that was learned asks for gateways', () => {
  const fleet = new EvenFleet(4, { targetConnections: 9_000, maxReplicas: 50 });
  fleet.maxConnections = 15_000;
  fleet.run(60, 27_000, costing());
  const storm = fleet.run(5, 27_000, costing(1.5));
  assert.equal(storm.capacity?.connections, 7_000);
  assert.equal(storm.target, 'cpu');
  assert.equal(storm.replicas, 6);
});
