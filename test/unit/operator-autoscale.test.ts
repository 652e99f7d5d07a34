import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Decision,
  decide,
  type LoadSample,
  type Recommendation,
  type ScaleBounds,
} from '../../operator/autoscale/decide.ts';

const SPEC: ScaleBounds = { minReplicas: 2, maxReplicas: 10, targetConnections: 100, scaleDownWindowSeconds: 60 };

/** A fleet in simulated time: what is decided is there at once, and the load spreads evenly. */
class Fleet {
  seconds = 0;
  replicas: number;
  decisions: Decision[] = [];
  readonly #spec: ScaleBounds;
  #history: readonly Recommendation[] = [];

  constructor(replicas: number, spec: Partial<ScaleBounds> = {}) {
    this.replicas = replicas;
    this.#spec = { ...SPEC, ...spec };
  }

  /** One decision each 5 s with `connections` in total. @param change what the samples look like instead */
  run(seconds: number, connections: number, change = (samples: LoadSample[]): LoadSample[] => samples): Decision {
    let last: Decision | undefined;
    for (const end = this.seconds + seconds; this.seconds < end; this.seconds += 5) {
      const even = Array.from({ length: this.replicas }, (_, at) => ({
        pod: `gateway-${at}`,
        connections: Math.floor(connections / this.replicas) + (at < connections % this.replicas ? 1 : 0),
      }));
      last = decide({
        spec: this.#spec,
        current: this.replicas,
        samples: change(even),
        now: this.seconds * 1_000,
        history: this.#history,
      });
      this.#history = last.history;
      this.replicas = last.replicas;
      this.decisions.push(last);
    }
    assert.ok(last);
    return last;
  }
}

const unplugged = (samples: LoadSample[]) =>
  samples.map((sample, at) => (at === 0 ? { ...sample, connections: undefined } : sample));

test('connections above the target add as many gateways as are needed, at once', () => {
  const fleet = new Fleet(2);
  assert.equal(fleet.run(5, 200).reason, 'Steady');
  const decision = fleet.run(5, 701);
  assert.equal(decision.replicas, 8);
  assert.equal(decision.reason, 'ScaledUp');
  assert.equal(decision.message, 'from 2 to 8: 701 connections at 100 a gateway');
});

test('never more than maxReplicas, and it says that more would be needed', () => {
  const fleet = new Fleet(2);
  fleet.run(5, 100_000);
  assert.equal(fleet.replicas, 10);
  assert.equal(fleet.run(5, 100_000).reason, 'AtMaximum');
});

test('never fewer than minReplicas, nobody connected', () => {
  const fleet = new Fleet(3);
  fleet.run(600, 0);
  assert.equal(fleet.replicas, 2);
});

test('fewer connections take gateways away only after the whole window', () => {
  const fleet = new Fleet(5);
  fleet.run(60, 500);
  assert.equal(fleet.run(55, 250).reason, 'WindowOpen');
  assert.equal(fleet.replicas, 5);
  fleet.run(10, 250);
  assert.equal(fleet.replicas, 3);
});

test('a peak within the window keeps the gateways it needed', () => {
  const fleet = new Fleet(5);
  fleet.run(60, 500);
  fleet.run(50, 200);
  fleet.run(5, 400);
  fleet.run(30, 200);
  assert.equal(fleet.replicas, 4);
  fleet.run(60, 200);
  assert.equal(fleet.replicas, 2);
});

test('an operator that has just started takes nothing away before it has seen a window', () => {
  const fleet = new Fleet(8);
  fleet.run(60, 0);
  assert.equal(fleet.replicas, 8);
  fleet.run(10, 0);
  assert.equal(fleet.replicas, 2);
});

test('a gateway that does not answer holds the size, however little the others have, and is named', () => {
  const fleet = new Fleet(5);
  fleet.run(60, 500);
  const decision = fleet.run(600, 10, unplugged);
  assert.equal(fleet.replicas, 5);
  assert.equal(decision.reason, 'LoadUnknown');
  assert.match(decision.message, /^gateway-0 did not say/);
  assert.equal(decision.connections, undefined);
});

test('a gateway that does not answer holds the size, however much the others have', () => {
  const fleet = new Fleet(2);
  fleet.run(60, 150);
  fleet.run(60, 5_000, unplugged);
  assert.equal(fleet.replicas, 2);
});

test('unknown load counts as full: the window starts again after it', () => {
  const fleet = new Fleet(5);
  fleet.run(60, 500);
  fleet.run(50, 200);
  fleet.run(5, 200, unplugged);
  fleet.run(50, 200);
  assert.equal(fleet.replicas, 5);
  fleet.run(20, 200);
  assert.equal(fleet.replicas, 2);
});

test('gateways that are not ready are not counted on: nothing is taken away beside them', () => {
  const fleet = new Fleet(5);
  fleet.run(60, 500);
  const decision = fleet.run(300, 100, samples => samples.slice(0, 4));
  assert.equal(fleet.replicas, 5);
  assert.equal(decision.reason, 'GatewaysNotReady');
  fleet.run(5, 100);
  assert.equal(fleet.replicas, 2);
});

test('no gateway ready is no reason to scale', () => {
  const fleet = new Fleet(4);
  assert.equal(fleet.run(300, 0, () => []).reason, 'NoGatewayReady');
  assert.equal(fleet.replicas, 4);
});

test('gateways that start do not make it ask for more than the load needs', () => {
  const fleet = new Fleet(2);
  fleet.run(5, 600);
  assert.equal(fleet.replicas, 6);
  // The four new ones are not ready: the two old ones still hold everything.
  fleet.run(60, 600, () => ['a', 'b'].map(pod => ({ pod, connections: 300 })));
  assert.equal(fleet.replicas, 6);
});

test('the bounds hold at once, also when the load is unknown', () => {
  const few = new Fleet(1);
  few.run(5, 0, unplugged);
  assert.equal(few.replicas, 2);
  const many = new Fleet(50);
  const [decision] = [many.run(5, 0, unplugged)];
  assert.equal(many.replicas, 10);
  assert.equal(decision.message, 'from 50 to 10: the bounds are 2 to 10');
});

test('without a window gateways are taken away at once', () => {
  const fleet = new Fleet(5, { scaleDownWindowSeconds: 0 });
  fleet.run(5, 201);
  assert.equal(fleet.replicas, 3);
});

test('a load that swings about a target changes the size once', () => {
  const fleet = new Fleet(2);
  fleet.run(60, 190);
  for (let swing = 0; swing < 100; swing++) fleet.run(10, swing % 2 === 0 ? 201 : 199);
  const steps = fleet.decisions.filter(decision => decision.reason === 'ScaledUp' || decision.reason === 'ScaledDown');
  assert.equal(steps.length, 1);
});

test('the memory of a window stays as long as the window', () => {
  const fleet = new Fleet(2);
  fleet.run(3_600, 100);
  assert.ok((fleet.decisions.at(-1)?.history.length ?? 99) <= 12);
});
