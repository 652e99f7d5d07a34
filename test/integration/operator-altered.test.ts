import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { KubeObject } from '../../operator/api/kube-object.ts';
import { RESOURCES } from '../../operator/kube/resources.ts';
import type { Operator } from '../../operator/operator.ts';
import { until } from '../../tools/support/until.ts';
import { pinImages } from '../support/kube/admission.ts';
import { requests, runOperator } from '../support/kube/chat-operator.ts';
import { FleetSuite } from '../support/kube/fleet-suite.ts';
import { ObservedFleet } from '../support/kube/observed-fleet.ts';

const suite = new FleetSuite();
const PINNED = 'example.com/chat@sha256:0123456789012345678901234567890123456789012345678901234567890123';

type Told = { readonly reason: string; readonly regarding: { readonly name: string } };

async function told(name: string, about: RegExp): Promise<string[]> {
  const { items } = await suite.api.client.list<Told>(RESOURCES.events, 'default', {});
  return items.flatMap(({ regarding, reason }) => (regarding.name === name && about.test(reason) ? [reason] : []));
}

async function passesOf(operator: Operator): Promise<number> {
  return (await operator.metrics.reconciles.get()).values.reduce((sum, { value }) => sum + value, 0);
}

/** Waits until `operator` has written nothing in ten passes. */
async function settled(operator: Operator): Promise<void> {
  let last = -1;
  let since = 0;
  await until('ten passes wrote nothing', async () => {
    const { apply = 0, patch = 0, delete: gone = 0 } = await requests(operator);
    if (apply + patch + gone !== last) since = await passesOf(operator);
    last = apply + patch + gone;
    return (await passesOf(operator)) - since >= 10;
  });
}

// One after the other: each counts all writes.
describe('children that are not as they were written', () => {
  test('what admission changes is left and told; all else is put back, and nothing is written for ever', async t => {
    await pinImages(suite.api, 'pinned-gateway', PINNED);
    const fleet = await ObservedFleet.make(suite, 'pinned', {
      replicas: 2,
      autoscaling: { mode: 'Builtin', minReplicas: 2, maxReplicas: 4 },
    });
    const [made] = await fleet.deployments();
    assert.equal(made?.spec.template.spec.containers[0]?.image, PINNED);
    const { message } = await fleet.says('ChildrenAsWritten', 'Mutated');
    assert.match(message, /Deployment pinned-gateway-\w+: admission changes spec\.template.*\[gateway\]\.image/);
    await settled(suite.operator);
    assert.deepEqual(await told('pinned', /Drift|Mutated/), ['Mutated']);

    const { name } = made?.metadata ?? { name: '' };
    type Minimum = KubeObject & { readonly spec: { readonly minReadySeconds?: number; readonly replicas: number } };
    const live = () => suite.api.client.get<Minimum>(RESOURCES.deployments, 'default', name);
    await suite.api.client.patch(RESOURCES.deployments, 'default', name, { spec: { minReadySeconds: 3 } });
    await until('what was added is gone', async () => !(await live()).spec.minReadySeconds);
    await suite.api.client.patch(RESOURCES.deployments, 'default', name, { spec: { replicas: 3 } });
    await until('what was changed is back', async () => (await live()).spec.replicas === 2);
    await settled(suite.operator);
    assert.equal((await fleet.condition('ChildrenAsWritten'))?.reason, 'Mutated');

    await suite.operator.stop();
    const next = await runOperator(t, suite.api, '', suite.pods.ask);
    suite.operator = next;
    const repairs = (await told('pinned', /Drift/)).length;
    await settled(next);
    const { apply = 0 } = await requests(next);
    assert.ok(apply > 0 && apply <= 4, `a new operator wrote ${apply} times`);
    assert.equal((await told('pinned', /Drift/)).length, repairs, 'and calls nothing a repair');
    assert.equal((await fleet.condition('ChildrenAsWritten'))?.reason, 'Mutated');
  });
});
