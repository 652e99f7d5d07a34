import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WorkerAutoscalingSpec } from '../../../../operator/api/chat-cluster.ts';
import {
  decideWorkers,
  type LagObservation,
  type WorkerDecision,
} from '../../../../operator/autoscale/decide-workers.ts';
import { stored } from '../../../../tools/support/crd-schema.ts';

const specOf = (change: Partial<WorkerAutoscalingSpec>) =>
  stored({ worker: { autoscaling: { mode: 'Builtin', ...change } } }).spec.worker.autoscaling;

class Workers {
  current: number;
  refused: string | undefined;
  foldLag: number | undefined;
  #seconds = 0;
  #history: readonly LagObservation[] = [];
  readonly #spec: WorkerAutoscalingSpec;

  constructor(current: number, change: Partial<WorkerAutoscalingSpec> = {}) {
    this.current = current;
    this.#spec = specOf({ targetLagMessages: 100, maxReplicas: 8, ...change });
  }

  /** One decision each 5 s. @returns the last */
  run(seconds: number, lag: number | undefined, storeReachable = true): WorkerDecision {
    let last: WorkerDecision | undefined;
    for (let passed = 0; passed < seconds; passed += 5, this.#seconds += 5) {
      const now = this.#seconds * 1_000;
      const { current } = this;
      last = decideWorkers({
        spec: this.#spec,
        replicas: 3,
        current,
        lag,
        foldLag: this.foldLag,
        storeReachable,
        refused: this.refused,
        now,
        history: this.#history,
      });
      this.#history = last.history;
      this.current = last.replicas;
    }
    assert.ok(last);
    return last;
  }
}

test('messages that wait for longer than the window add workers', () => {
  const workers = new Workers(1);
  const waiting = workers.run(30, 450);
  assert.deepEqual([waiting.replicas, waiting.reason], [1, 'WindowOpen']);
  const decision = workers.run(5, 450);
  assert.deepEqual([decision.replicas, decision.reason, decision.wanted], [5, 'ScaledUp', 5]);
  assert.equal(decision.message, 'from 1 to 5: 450 messages wait, 100 for each worker');
});

test('none is asked for while pods are refused', () => {
  const workers = new Workers(2);
  workers.refused = 'pods cannot be created: exceeded quota';
  const decision = workers.run(300, 450);
  assert.deepEqual([decision.replicas, decision.reason], [2, 'PodsRefused']);
  assert.equal(decision.message, `${workers.refused}; 450 messages wait, 100 for each worker`);
  workers.refused = undefined;
  assert.equal(workers.run(5, 450).replicas, 5);
});

test('a burst that is stored at once adds none', () => {
  const workers = new Workers(1);
  for (let burst = 0; burst < 20; burst++) {
    workers.run(25, 450);
    workers.run(5, 0);
  }
  assert.equal(workers.current, 1);
});

test('workers go when fewer have been enough for the whole window', () => {
  const workers = new Workers(1);
  workers.run(35, 450);
  workers.run(290, 0);
  assert.equal(workers.current, 5);
  workers.run(15, 0);
  assert.equal(workers.current, 1);
});

test('the bounds hold at once', () => {
  assert.equal(new Workers(9).run(5, undefined).replicas, 8);
  assert.equal(new Workers(1, { minReplicas: 2 }).run(5, undefined).replicas, 2);
  const workers = new Workers(1);
  workers.run(100, 100_000);
  assert.equal(workers.current, 8);
});

test('while MongoDB is away the lag adds no worker, and afterwards the window starts again', () => {
  const workers = new Workers(1);
  assert.equal(workers.run(300, 100_000, false).reason, 'StoreUnreachable');
  assert.equal(workers.run(30, 100_000).reason, 'WindowOpen');
  assert.equal(workers.run(5, 100_000).replicas, 8);
});

test('an unknown lag keeps the size', () => {
  const workers = new Workers(4);
  assert.equal(workers.run(600, undefined).reason, 'LagUnknown');
  assert.equal(workers.current, 4);
});

test('with mode Disabled worker.replicas decides', () => {
  const decision = new Workers(1, { mode: 'Disabled' }).run(5, 100_000);
  assert.deepEqual([decision.replicas, decision.reason], [3, 'Disabled']);
});

test('the slowest of store and folds decides', () => {
  const workers = new Workers(1);
  workers.foldLag = 350;
  const decision = workers.run(35, 150);
  assert.deepEqual([decision.replicas, decision.reason], [4, 'ScaledUp']);
  assert.equal(decision.message, 'from 1 to 4: 350 entries wait for the slowest fold, 100 for each worker');
  workers.foldLag = 150;
  assert.deepEqual(workers.run(35, 550).replicas, 6);
  workers.foldLag = undefined; // workers of a release without folds
  assert.equal(workers.run(305, 150).replicas, 2);
});
