import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ChatCluster } from '../../operator/api/chat-cluster.ts';
import type { KubeObject } from '../../operator/api/kube-object.ts';
import { ApiError } from '../../operator/kube/api-error.ts';
import { accessOf, KubeHttp } from '../../operator/kube/http.ts';
import { pathOf, RESOURCES } from '../../operator/kube/resources.ts';
import { until } from '../../tools/support/until.ts';
import { chatCluster } from '../support/kube/chat-operator.ts';
import { FleetSuite } from '../support/kube/fleet-suite.ts';
import { ObservedFleet, SWIFT } from '../support/kube/observed-fleet.ts';

const suite = new FleetSuite();

/** As `kubectl delete --cascade=orphan`; resolves when the object is gone. */
async function orphan(fleet: ObservedFleet): Promise<ChatCluster> {
  const before = await fleet.cluster();
  const http = new KubeHttp(accessOf(suite.api.kubeconfig('admin')), () => performance.now());
  const answer = await http.send({
    method: 'DELETE',
    path: pathOf(RESOURCES.chatClusters, 'default', fleet.name),
    contentType: 'application/json',
    body: JSON.stringify({ propagationPolicy: 'Orphan' }),
    signal: AbortSignal.timeout(10_000),
  });
  assert.equal(answer.status, 200, await answer.text());
  await until(`${fleet.name} is gone`, async () => {
    try {
      await fleet.cluster();
      return false;
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) return true;
      throw error;
    }
  });
  return before;
}

interface Deployment extends KubeObject {
  readonly spec: object;
}

async function workers(fleet: ObservedFleet): Promise<Deployment> {
  return await suite.api.client.get<Deployment>(RESOURCES.deployments, 'default', `${fleet.name}-worker`);
}

/** Instances that the pod templates of all Deployments have. */
async function instances(fleet: ObservedFleet): Promise<string[]> {
  const text = JSON.stringify([...(await fleet.deployments()).map(({ spec }) => spec), (await workers(fleet)).spec]);
  return [...new Set([...text.matchAll(/"name":"CHAT_INSTANCE","value":"([^"]+)"/g)].map(match => match[1] ?? ''))];
}

describe('a ChatCluster that is made anew over the children of an earlier one', { concurrency: true }, () => {
  test('goes on with their chat: nobody moves, no process starts, and the next revision is of it too', async () => {
    const fleet = await ObservedFleet.make(suite, 'orphaned', { replicas: 2 }, 20);
    const pods = fleet.names;
    const { status: was, metadata } = await orphan(fleet);
    const { spec: made } = await workers(fleet);
    await suite.api.client.create(
      RESOURCES.chatClusters,
      chatCluster('orphaned', { gateway: { ...SWIFT, replicas: 2 } }),
    );
    const status = await until('the new one has taken over', async () => {
      const cluster = await fleet.cluster();
      const owned = (await fleet.deployments()).every(({ metadata: { ownerReferences = [] } }) =>
        ownerReferences.some(({ uid }) => uid === cluster.metadata.uid),
      );
      return owned && cluster.metadata.uid !== metadata.uid ? cluster.status : undefined;
    });
    assert.deepEqual([status.instance, status.identity], [was?.instance, metadata.uid]);
    await fleet.has(2);
    assert.deepEqual(fleet.names, pods);
    assert.deepEqual((await workers(fleet)).spec, made);
    fleet.assertMoves(0);
    const { items } = await suite.api.client.list<KubeObject & { reason: string; note: string }>(
      RESOURCES.events,
      'default',
      {},
    );
    assert.ok(items.some(({ reason, note }) => reason === 'ChatTakenOver' && note.includes(was?.instance ?? '?')));

    await fleet.change({ spec: { image: { reference: 'example.com/chat:2' } } });
    await until('the new revision has taken over', async () => {
      const deployments = await fleet.deployments();
      return deployments.length === 1 && JSON.stringify(deployments).includes('example.com/chat:2');
    });
    assert.deepEqual(await instances(fleet), [was?.instance]);
    fleet.assertMoves(1);
  });

  test('and names another identity: clients are moved to that chat once, and until then Ready says OtherChat', async () => {
    const fleet = await ObservedFleet.make(suite, 'renamed', { replicas: 2 }, 20);
    const [plain] = await fleet.revisions();
    await orphan(fleet);
    suite.pods.broken.add('renamed');
    await suite.api.client.create(
      RESOURCES.chatClusters,
      chatCluster('renamed', { identity: 'other', gateway: { ...SWIFT, replicas: 2 } }),
    );
    const said = await fleet.says('Ready', 'OtherChat');
    assert.ok(said.message.includes(`renamed-gateway-${plain}`), said.message);
    suite.pods.broken.delete('renamed');
    await until('the gateways of the other chat are gone', async () => {
      const revisions = await fleet.revisions();
      return revisions.length === 1 && revisions[0] !== plain;
    });
    await fleet.has(2);
    const { status } = await fleet.cluster();
    assert.equal(status?.identity, 'other');
    assert.deepEqual(await instances(fleet), [status.instance]);
    await until('Ready says it no more', async () => {
      const ready = await fleet.condition('Ready');
      return ready !== undefined && ready.reason !== 'OtherChat';
    });
    fleet.assertMoves(1);
  });
});
