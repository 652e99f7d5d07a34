import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide } from '../../../../operator/autoscale/decide.ts';
import type { GatewaySample } from '../../../../operator/autoscale/sample.ts';
import { autoscaling } from '../../../../tools/simulator/autoscaling-spec.ts';
import { type Change, EvenFleet, sample } from '../../../../tools/simulator/even-fleet.ts';

/** The first gateway with something else about it. */
const first =
  (other: object) =>
  (samples: GatewaySample[]): GatewaySample[] =>
    samples.map((each, at) => (at === 0 ? { ...each, ...other } : each));
const unplugged = first({ load: undefined });
const gone = first({ load: undefined, ready: false });

test('connections above the target add as many gateways as are needed, at once', () => {
  const fleet = new EvenFleet(2);
  assert.equal(fleet.run(5, 200).reason, 'Steady');
  const decision = fleet.run(5, 701);
  assert.equal(decision.replicas, 8);
  assert.equal(decision.reason, 'ScaledUp');
  assert.equal(decision.target, 'connections');
  assert.equal(decision.message, 'from 2 to 8: 701 connections at 100 a gateway');
});

test('never more than maxReplicas, and it says that more would be needed', () => {
  const fleet = new EvenFleet(2);
  fleet.run(5, 100_000);
  assert.equal(fleet.replicas, 10);
  const decision = fleet.run(5, 100_000);
  assert.equal(decision.reason, 'AtMaximum');
  assert.match(decision.message, /^1,000 gateways wanted and maxReplicas is 10: 100,000 connections at 100/);
});

test('none is asked for while pods are refused, and as many as are needed once they are not', () => {
  const fleet = new EvenFleet(2);
  fleet.refused = 'pods cannot be created: exceeded quota';
  const decision = fleet.run(300, 701);
  assert.deepEqual([decision.replicas, decision.reason], [2, 'PodsRefused']);
  assert.equal(decision.message, `${fleet.refused}; 8 gateways wanted: 701 connections at 100 a gateway`);
  fleet.refused = undefined;
  assert.equal(fleet.run(5, 701).replicas, 8);
  fleet.refused = 'pods cannot be created: exceeded quota';
  fleet.run(600, 100);
  assert.equal(fleet.replicas, 2, 'fewer are always possible');
});

test('never fewer than minReplicas without any connection', () => {
  const fleet = new EvenFleet(3);
  fleet.run(600, 0);
  assert.equal(fleet.replicas, 2);
});

test('a gateway that does not answer holds the size, however little load the others have, and is named', () => {
  const fleet = new EvenFleet(5);
  fleet.run(65, 500);
  const decision = fleet.run(600, 10, unplugged);
  assert.equal(fleet.replicas, 5);
  assert.equal(decision.reason, 'LoadUnknown');
  assert.match(decision.message, /^gateway-0 did not report/);
  assert.equal(decision.connections, undefined);
});

test('while no gateway answers the size is kept, however much they had', () => {
  const fleet = new EvenFleet(2);
  fleet.run(60, 150);
  const decision = fleet.run(60, 5_000, samples => samples.map(each => ({ ...each, load: undefined })));
  assert.deepEqual([fleet.replicas, decision.reason], [2, 'LoadUnknown']);
});

test('many silent gateways are named in a sentence that stays short', () => {
  const decision = new EvenFleet(9).run(5, 900, samples => samples.map(each => ({ ...each, load: undefined })));
  assert.match(decision.message, /^gateway-0, gateway-1, gateway-2, gateway-3 and 5 more did not report/);
});

test('a window of which too much is unknown counts as full: nothing is removed before that has passed', () => {
  const fleet = new EvenFleet(5);
  fleet.run(60, 500);
  fleet.run(50, 200);
  fleet.run(25, 200, unplugged);
  fleet.run(45, 200);
  assert.equal(fleet.replicas, 5);
  fleet.run(20, 200);
  assert.equal(fleet.replicas, 2);
});

test('a gateway that was ready, is not and does not answer lets more be added but none be removed', () => {
  const fleet = new EvenFleet(5);
  fleet.run(65, 500);
  const held = fleet.run(20, 100, gone);
  assert.deepEqual([held.replicas, held.reason], [5, 'LoadUnknown']);
  assert.match(held.message, /^gateway-0 is not ready and did not report/);
  assert.equal(fleet.run(5, 900, gone).replicas, 8);
});

test('a gateway that stays gone for 30 s is replaced, once', () => {
  const fleet = new EvenFleet(5);
  fleet.run(65, 490);
  // The clients of the dead one have come back to the others.
  const dead: Change = samples =>
    gone(samples).map((each, at) =>
      at === 0 ? each : { ...each, load: sample('', { connections: Math.floor(490 / (samples.length - 1)) }).load },
    );
  assert.equal(fleet.run(25, 490, dead).replicas, 5);
  assert.equal(fleet.run(10, 490, dead).replicas, 6);
  assert.match(fleet.decisions.find(each => each.replicas === 6)?.message ?? '', /, and 1 gateway lost$/);
  // It is in the number now; the same dead gateway asks for no second one.
  assert.equal(fleet.run(120, 490, dead).replicas, 6);
});

test('an operator that has just started does not know how long a gateway has been gone', () => {
  assert.equal(new EvenFleet(5).run(30, 490, gone).replicas, 5);
});

test('a gateway that has never been ready is silent without holding anything', () => {
  const fleet = new EvenFleet(5);
  fleet.run(65, 500);
  fleet.run(70, 200, first({ ready: false, served: false, load: undefined }));
  assert.equal(fleet.replicas, 2);
});

test('a gateway that empties itself counts with what it still holds', () => {
  const fleet = new EvenFleet(2);
  const leaving: Change = samples => [
    ...samples,
    { ...sample('leaving', { connections: 150 }), ready: false, leaving: true },
  ];
  const decision = fleet.run(5, 200, leaving);
  assert.equal(decision.replicas, 4);
  assert.equal(decision.connections, 350);
});

test('no gateway ready is no reason to scale, before the first question neither', () => {
  const fleet = new EvenFleet(4);
  assert.equal(fleet.run(300, 0, () => []).reason, 'NoGatewayReady');
  assert.equal(fleet.replicas, 4);
  const spec = autoscaling();
  const input = {
    spec,
    replicas: 1,
    maxConnections: 10,
    current: 4,
    samples: undefined,
    held: 'None',
    why: '',
  } as const;
  const decision = decide({ ...input, now: 0, history: [] });
  assert.deepEqual([decision.replicas, decision.reason], [4, 'NotAskedYet']);
});

test('the bounds hold at once, also when the load is unknown', () => {
  const few = new EvenFleet(1);
  few.run(5, 0, unplugged);
  assert.equal(few.replicas, 2);
  const many = new EvenFleet(50);
  const decision = many.run(5, 0, unplugged);
  assert.equal(many.replicas, 10);
  assert.equal(decision.message, 'from 50 to 10: the bounds are 2 to 10');
});

test('deliveries, event-loop lag and CPU ask for gateways too, and the highest wins', () => {
  const busy =
    (load: object): Change =>
    samples =>
      samples.map(each => ({ ...each, load: { ...sample('').load, connections: 10, ...load } as typeof each.load }));
  const cases = [
    ['deliveries', { deliveriesPerSecond: 100_000 }, 8, /400,000 deliveries a second at 50,000/],
    ['eventLoopLag', { eventLoopLagMs: 150 }, 6, /late by 150 ms on average, the target is 100 ms/],
    ['cpu', { cpu: 0.95 }, 6, /95 % of a core used on average, the target is 70 %/],
    ['cpu', { cpu: 0.95, eventLoopLagMs: 110 }, 6, /95 % of a core/],
  ] as const;
  for (const [target, load, replicas, message] of cases) {
    const decision = new EvenFleet(4).run(5, 40, busy(load));
    assert.deepEqual([decision.target, decision.replicas], [target, replicas]);
    assert.match(decision.message, message);
  }
});

test('what starting gateways burn is no load, what leaving ones carry is', () => {
  const extra =
    (other: object): Change =>
    samples =>
      [...samples, { ...sample('other', { cpu: 1 }), ready: false, ...other }].map((each, at) =>
        at < 2 ? { ...each, load: { ...sample('').load, cpu: 0.7 } as typeof each.load } : each,
      );
  assert.equal(new EvenFleet(2).run(5, 0, extra({ served: false })).replicas, 2);
  assert.equal(new EvenFleet(2).run(5, 0, extra({ leaving: true })).replicas, 4);
});

test('sums of shares of a core do not round up to one gateway more', () => {
  // 0.1 + 0.2 is a bit more than 0.3.
  const decision = new EvenFleet(3, { targetCpuPercent: 10 }).run(5, 0, samples =>
    samples.map((each, at) => ({ ...each, load: { ...sample('').load, cpu: at / 10 } as typeof each.load })),
  );
  assert.equal(decision.wanted, 3);
});

test('free places are kept below the hard limit, as a number or per cent', () => {
  // 2,900 connections at 1,000 each leave 100 places on three gateways.
  for (const [freeSlots, replicas] of [
    [100, 4],
    [1_101, 5],
    ['3%', 4],
    ['40%', 5],
  ] as const) {
    const fleet = new EvenFleet(2, { targetConnections: 1_000, freeSlots });
    assert.equal(fleet.run(5, 2_900).replicas, replicas, `${freeSlots}`);
  }
});

test('the loss of one gateway always fits', () => {
  const fleet = new EvenFleet(2, { targetConnections: 1_000 });
  const decision = fleet.run(5, 2_000);
  assert.deepEqual([decision.replicas, decision.target], [3, 'lossOfOne']);
  assert.match(decision.message, /2,000 connections that must fit without one of the gateways, at most 1,000/);
});

test('with minReplicas 1 one gateway is enough while all connections fit on it', () => {
  const fleet = new EvenFleet(2, { minReplicas: 1 });
  fleet.run(70, 90);
  assert.equal(fleet.replicas, 1);
  assert.equal(fleet.run(5, 101).replicas, 2);
});

for (const mode of ['External', 'Disabled'] as const)
  test(`with mode ${mode} gateway.replicas decides`, () => {
    const spec = autoscaling({ mode, maxReplicas: 6 });
    const input = { spec, maxConnections: 10, current: 4, samples: undefined, now: 0, history: [] } as const;
    const decision = decide({ ...input, replicas: 9, held: 'None', why: '' });
    assert.deepEqual([decision.replicas, decision.reason], [mode === 'External' ? 6 : 9, mode]);
    assert.match(decision.message, mode === 'External' ? /^from 4 to 6: .* 9, the bounds are 2 to 6$/ : /^from 4 to 9/);
    const held = decide({ ...input, replicas: 3, held: 'ScaleIn', why: 'a rollout' });
    assert.deepEqual([held.replicas, held.reason, held.message], [4, 'Held', 'a rollout; gateway.replicas is 3']);
  });

test('an autoscaler that scales to zero gets minReplicas, and the message names the annotation that stops all gateways', () => {
  const spec = autoscaling({ mode: 'External', minReplicas: 2 });
  const none = { maxConnections: 10, samples: undefined, refused: undefined, now: 0, history: [] } as const;
  const decision = decide({ ...none, spec, current: 4, replicas: 0, held: 'None', why: '' });
  assert.deepEqual([decision.replicas, decision.reason], [2, 'External']);
  assert.match(
    decision.message,
    /is 0, the bounds are 2 to \d+; the annotation chatcluster.dev\/hibernate stops all gateways$/,
  );
});

test('a hold keeps the size; the message has its reason and the wanted size', () => {
  const grow = (held: 'All' | 'ScaleIn' | 'ScaleOut') => {
    const fleet = new EvenFleet(4);
    fleet.run(65, 400);
    fleet.held = held;
    return fleet;
  };
  for (const [held, after] of [
    ['All', 4],
    ['ScaleOut', 4],
    ['ScaleIn', 8],
  ] as const)
    assert.equal(grow(held).run(5, 800).replicas, after, held);
  for (const [held, after] of [
    ['All', 4],
    ['ScaleIn', 4],
    ['ScaleOut', 2],
  ] as const)
    assert.equal(grow(held).run(120, 100).replicas, after, held);
  const decision = grow('ScaleIn').run(120, 100);
  assert.equal(decision.reason, 'Held');
  assert.match(decision.message, /^a person holds it; 1 gateway wanted|^a person holds it; 2 gateways wanted/);
  const many = new EvenFleet(50);
  many.held = 'ScaleIn';
  assert.equal(many.run(5, 0).replicas, 50);
});

test('a gateway that leaves out features asks for one more than are ready, and for no more while that one starts', () => {
  const fleet = new EvenFleet(2);
  assert.equal(fleet.run(5, 150).reason, 'Steady');
  const overloaded = (samples: GatewaySample[]) =>
    samples.map((each, at) => (at === 0 && each.load ? { ...each, load: { ...each.load, featuresLeftOut: 2 } } : each));
  const decision = fleet.run(5, 150, overloaded);
  assert.deepEqual([decision.replicas, decision.target], [3, 'features']);
  assert.match(decision.message, /1 overloaded gateway that leave/);
  const starting = first({ ready: false, served: false, load: undefined });
  const waits = fleet.run(5, 150, samples => starting(overloaded(samples).reverse()));
  assert.equal(waits.replicas, 3);
});
