import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { KubeObject } from '../../operator/api/kube-object.ts';
import { RESOURCES } from '../../operator/kube/resources.ts';
import { until } from '../../tools/support/until.ts';
import { deadWebhook, deny } from '../support/kube/admission.ts';
import { chatCluster } from '../support/kube/chat-operator.ts';
import { FleetSuite } from '../support/kube/fleet-suite.ts';
import { ObservedFleet, SWIFT } from '../support/kube/observed-fleet.ts';

const suite = new FleetSuite();
const DEPLOYMENTS = { groups: ['apps'], names: ['deployments'] };
const PODS = { groups: [''], names: ['pods'] };
/** Longer than the longest pause between two tries. */
const HEALS = { ms: 90_000 };

type Told = { readonly reason: string; readonly note: string; readonly regarding: { readonly name: string } };

/** Events of a ChatCluster. */
async function told(name: string, about: RegExp): Promise<Told[]> {
  const { items } = await suite.api.client.list<Told>(RESOURCES.events, 'default', {});
  return items.filter(({ regarding, reason }) => regarding.name === name && about.test(reason));
}

interface Workers extends KubeObject {
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly { readonly image: string }[] } };
  };
}
const workerImage = async (name: string) => {
  const { spec } = await suite.api.client.get<Workers>(RESOURCES.deployments, 'default', `${name}-worker`);
  return spec.template.spec.containers[0]?.image;
};

describe('a write that fails holds up nothing else', { concurrency: true }, () => {
  test('a policy that refuses the workers stops neither a rollout of the gateways nor their scaling', async () => {
    const fleet = await ObservedFleet.make(suite, 'frozen', { replicas: 2 }, 10);
    const allow = await deny(suite.api, 'no-workers', DEPLOYMENTS, "object.metadata.name == 'frozen-worker'");
    await fleet.change({ spec: { image: { reference: 'example.com/chat:2' }, gateway: { replicas: 3 } } });
    const { message, status } = await fleet.says('Ready', 'Refused');
    assert.equal(status, 'False');
    assert.match(message, /Deployment frozen-worker: .*no-workers does not want it/);
    await fleet.says('Progressing', 'Complete');
    await until('the gateways have moved', async () => (await fleet.cluster()).status?.image === 'example.com/chat:2');
    await fleet.has(3);
    await fleet.gatewaySpec({ replicas: 2 });
    await fleet.has(2);
    fleet.assertMoves(2);
    assert.equal(await workerImage('frozen'), 'example.com/chat:1');
    const refusals = await told('frozen', /Refused/);
    assert.equal(refusals.length, 1, JSON.stringify(refusals));
    assert.match(refusals[0]?.note ?? '', /Deployment frozen-worker/);
    await allow();
    await until('it heals', async () => (await workerImage('frozen')) === 'example.com/chat:2', HEALS);
    await fleet.says('Ready', 'Working');
  });

  test('a step is told when it is made, not when it is refused', async () => {
    const fleet = await ObservedFleet.make(suite, 'small', { replicas: 2 });
    const gateways = "object.metadata.name.startsWith('small-gateway') && object.spec.replicas > 2";
    const allow = await deny(suite.api, 'few-gateways', DEPLOYMENTS, gateways);
    await fleet.gatewaySpec({ replicas: 3 });
    await fleet.says('Ready', 'Refused');
    const passed = await suite.passes();
    await until('more passes were made', async () => (await suite.passes()) >= passed + 5);
    assert.deepEqual(await told('small', /Scaled/), []);
    await allow();
    await until('it grows', () => fleet.gateways.length === 3, HEALS);
    await until('it is told', async () => (await told('small', /ScaledUp/)).length === 1);
    await fleet.says('Ready', 'Working');
  });

  test('a pod that may not be changed keeps no other from being told', async () => {
    const fleet = await ObservedFleet.make(suite, 'stubborn', { replicas: 3 });
    const [first = '', ...others] = fleet.names;
    const allow = await deny(suite.api, 'no-change', PODS, `object.metadata.name == '${first}'`);
    const version = async (name: string) => (await fleet.annotationsOf(name))['chatcluster.dev/options'];
    const before = await version(first);
    await fleet.change({ spec: { limits: { maxSubscriptions: 64 } } });
    for (const name of others) await until('it is told', async () => (await version(name)) !== before);
    assert.match((await fleet.says('Ready', 'Refused')).message, new RegExp(`Pod ${first}: .*no-change`));
    assert.equal(await version(first), before);
    await allow();
    await until('it heals', async () => (await version(first)) !== before, HEALS);
    await fleet.says('Ready', 'Working');
  });

  test('a webhook that nobody answers shows once it lasts, and the rest goes on', async () => {
    const fleet = await ObservedFleet.make(suite, 'hooked', { replicas: 2 });
    const remove = await deadWebhook(suite.api, 'hooked', { groups: [''], names: ['services'] });
    await fleet.change({ spec: { service: { annotations: { 'example.com/class': 'inner' } } } });
    await fleet.gatewaySpec({ replicas: 3 });
    await fleet.has(3);
    const { message } = await fleet.says('Ready', 'WriteFailing');
    assert.match(message, /Service hooked: .*dead\.example\.com/);
    assert.equal((await until('it is told', () => told('hooked', /WriteFailing/))).length, 1);
    await remove();
    await until('it heals', async () => (await fleet.condition('Ready'))?.reason === 'Working', HEALS);
  });

  test('a misspelt field, which the API server calls its own failure, is refused at once', async () => {
    const fleet = await ObservedFleet.make(suite, 'misspelt', { replicas: 2 });
    await fleet.gatewaySpec({ podTemplate: { affinity: { nodeAfinity: {} } } });
    assert.match((await fleet.says('Ready', 'Refused')).message, /nodeAfinity/);
    await fleet.gatewaySpec({ podTemplate: { affinity: null } });
    await fleet.says('Ready', 'Working');
  });

  test('a ServiceAccount of somebody else is told at once; only what needs it waits, and another may be named', async () => {
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'guest', namespace: 'default' } };
    await suite.api.client.create(RESOURCES.serviceAccounts, account);
    const cluster = chatCluster('guest', { gateway: { replicas: 1, ...SWIFT } });
    const fleet = new ObservedFleet(suite, 'guest');
    await suite.api.client.create(RESOURCES.chatClusters, cluster);
    const { message } = await fleet.says('Ready', 'NameTaken');
    assert.match(message, /ServiceAccount guest exists and does not belong to this ChatCluster; Deployment guest-/);
    await until('it is told', async () => (await told('guest', /NameTaken/)).length === 1);
    await until('the rest is there', () => suite.api.client.get(RESOURCES.services, 'default', 'guest'));
    assert.deepEqual(await fleet.deployments(), []);
    await fleet.change({ spec: { serviceAccountName: 'guest' } });
    await fleet.has(1);
    await fleet.says('Ready', 'Working');
    const { metadata } = await suite.api.client.get<KubeObject>(RESOURCES.serviceAccounts, 'default', 'guest');
    assert.equal(metadata.ownerReferences, undefined);
  });
});
