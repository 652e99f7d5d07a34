import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { KubeObject } from '../../operator/api/kube-object.ts';
import { ApiError } from '../../operator/kube/api-error.ts';
import { RESOURCES } from '../../operator/kube/resources.ts';
import { until } from '../../tools/support/until.ts';
import { FleetSuite } from '../support/kube/fleet-suite.ts';
import { ObservedFleet } from '../support/kube/observed-fleet.ts';

const suite = new FleetSuite();

type Told = { readonly reason: string; readonly note: string; readonly regarding: { readonly name: string } };

async function told(name: string, about: RegExp): Promise<Told[]> {
  const { items } = await suite.api.client.list<Told>(RESOURCES.events, 'default', {});
  return items.filter(({ regarding, reason }) => regarding.name === name && about.test(reason));
}

interface Workers extends KubeObject {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly {
          readonly image: string;
          readonly envFrom: readonly { readonly configMapRef: { readonly name: string } }[];
        }[];
      };
    };
  };
}
/** Image of the workers and the ConfigMap they start with. */
async function workersOf(name: string): Promise<readonly [string | undefined, string]> {
  const { spec } = await suite.api.client.get<Workers>(RESOURCES.deployments, 'default', `${name}-worker`);
  const [container] = spec.template.spec.containers;
  return [container?.image, container?.envFrom[0]?.configMapRef.name ?? ''];
}

async function passes(count: number): Promise<void> {
  const before = await suite.passes();
  await until(`${count} more passes were made`, async () => (await suite.passes()) >= before + count);
}

interface Service extends KubeObject {
  readonly spec: { readonly type: string; readonly loadBalancerSourceRanges?: readonly string[] };
}

describe('what others do beside the operator', { concurrency: true }, () => {
  test('undone, the workers go back to what they ran before too, and with another spec they go on', async () => {
    const fleet = await ObservedFleet.make(suite, 'returns', { replicas: 2 }, 10);
    const [old = ''] = await fleet.revisions();
    const [image, options] = await workersOf('returns');
    suite.pods.broken.add('returns');
    await fleet.change({ spec: { image: { reference: 'example.com/bad:2' }, worker: { batchMessages: 64 } } });
    await until('the new gateways run', () => fleet.gateways.length === 4);
    const fresh = (await fleet.revisions()).find(revision => revision !== old) ?? '';
    await until('the workers roll', async () => (await workersOf('returns'))[0] === 'example.com/bad:2');

    await fleet.annotate({ 'chatcluster.dev/undo': fresh });
    await until('the new Deployment is gone', async () => (await fleet.revisions()).join() === old);
    await until('the workers are back', async () => (await workersOf('returns'))[0] === image);
    assert.deepEqual(await workersOf('returns'), [image, options]);
    assert.ok(await suite.api.client.get(RESOURCES.configMaps, 'default', options));
    await fleet.says('RolledOut', 'Complete');
    await fleet.says('Ready', 'Working');
    await passes(5);
    assert.deepEqual(await workersOf('returns'), [image, options], 'they stay there');
    fleet.assertMoves(0);

    suite.pods.broken.delete('returns');
    await fleet.change({ spec: { image: { reference: 'example.com/good:3' } } });
    await until('the workers go on', async () => (await workersOf('returns'))[0] === 'example.com/good:3');
    await until('the gateways go on', async () => !(await fleet.revisions()).includes(old));
    await fleet.says('RolledOut', 'Complete');
    const gone = async () => {
      try {
        await suite.api.client.get(RESOURCES.configMaps, 'default', options);
        return false;
      } catch (error) {
        return error instanceof ApiError && error.code === 404;
      }
    };
    await until('what they started with is gone', gone);
  });

  test('a HorizontalPodAutoscaler on a Deployment is one Event, and is not written against', async () => {
    const fleet = await ObservedFleet.make(suite, 'pulled', { replicas: 2 }, 10);
    const [deployment] = await fleet.deployments();
    const { name } = deployment?.metadata ?? { name: '' };
    const hpa = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'puller', namespace: 'default' },
      spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name }, minReplicas: 4, maxReplicas: 4 },
    };
    const made = await suite.api.client.create(RESOURCES.horizontalPodAutoscalers, hpa);
    await fleet.says('ScalingActive', 'Held');
    const scale = (replicas: number) =>
      suite.api.client.patch(RESOURCES.deployments, 'default', `${name}/scale`, { spec: { replicas } });
    for (const replicas of [4, 3, 4]) {
      await scale(replicas);
      await fleet.has(replicas);
      await passes(5);
      const [now] = await fleet.deployments();
      assert.equal(now?.spec.replicas, replicas);
    }
    assert.deepEqual(
      (await told('pulled', /Draining|Closing|Scaled|DriftRepaired/)).map(({ note }) => note),
      [],
    );
    assert.equal((await told('pulled', /^Held$/)).length, 1);
    await suite.api.client.delete({ ...made, kind: 'HorizontalPodAutoscaler' });
    await fleet.has(2);
    await until('the step is told', async () => (await told('pulled', /ScaledDown/)).length === 1);
  });

  test('a Service that is no load balancer any more loses the source ranges somebody set', async () => {
    const fleet = await ObservedFleet.make(suite, 'walled', { replicas: 1 });
    const service = () => suite.api.client.get<Service>(RESOURCES.services, 'default', 'walled');
    await fleet.change({ spec: { service: { type: 'LoadBalancer' } } });
    await until('it is a load balancer', async () => (await service()).spec.type === 'LoadBalancer');
    const ranges = { spec: { loadBalancerSourceRanges: ['10.0.0.0/8'] } };
    await suite.api.client.patch(RESOURCES.services, 'default', 'walled', ranges);
    await passes(3);
    assert.deepEqual((await service()).spec.loadBalancerSourceRanges, ['10.0.0.0/8']);
    await fleet.change({ spec: { service: { type: 'ClusterIP' } } });
    await until('it is none', async () => (await service()).spec.type === 'ClusterIP');
    assert.equal((await service()).spec.loadBalancerSourceRanges, undefined);
    await fleet.says('Ready', 'Working');
  });

  test('an object without an owner is taken over if it has the labels of the ChatCluster, which is told', async () => {
    const fleet = await ObservedFleet.make(suite, 'orphaned', { replicas: 1 });
    const orphan = { metadata: { ownerReferences: null, labels: { 'app.kubernetes.io/component': null } } };
    const owned = async () => {
      const { metadata } = await suite.api.client.get<KubeObject>(RESOURCES.services, 'default', 'orphaned');
      return metadata.ownerReferences?.length === 1 && metadata.labels?.['app.kubernetes.io/component'] === 'gateway';
    };
    await suite.api.client.patch(RESOURCES.services, 'default', 'orphaned', orphan);
    await until('it is taken over', owned);
    const [adopted] = await until('it is told', async () => {
      const found = await told('orphaned', /Adopted/);
      return found.length > 0 ? found : undefined;
    });
    assert.match(adopted?.note ?? '', /Service orphaned/);

    const others = { metadata: { ownerReferences: null, labels: { 'app.kubernetes.io/managed-by': 'Helm' } } };
    await suite.api.client.patch(RESOURCES.services, 'default', 'orphaned', others);
    assert.match((await fleet.says('Ready', 'NameTaken')).message, /Service orphaned/);
  });
});
