import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ChatCluster } from '../../operator/api/chat-cluster.ts';
import type { Condition, KubeObject } from '../../operator/api/kube-object.ts';
import { KubeClient } from '../../operator/kube/client.ts';
import { accessOf } from '../../operator/kube/http.ts';
import { RESOURCES } from '../../operator/kube/resources.ts';
import { CrdCheck } from '../../operator/watch/crd-check.ts';
import { systemClock } from '../../server/time/clock.ts';
import { until } from '../../tools/support/until.ts';
import { type ApiServer, startApiServer } from '../support/kube/api-server.ts';
import { chatCluster, installChart, runOperator } from '../support/kube/chat-operator.ts';

let api: ApiServer;
const ends: (() => unknown)[] = [];
const suite = { after: (end: () => unknown) => void ends.unshift(end) } as Parameters<typeof runOperator>[0];
before(async () => {
  api = await startApiServer(suite);
  await installChart(api);
});
after(async () => {
  for (const end of ends) await end();
});

const CRD = [RESOURCES.customResourceDefinitions, '', 'chatclusters.chatcluster.dev'] as const;
const FIELDS = '/spec/versions/0/schema/openAPIV3Schema/properties';
const remove = async (path: string) => await api.client.patch(...CRD, [{ op: 'remove', path: FIELDS + path }]);

test('with the rights of the chart a CRD that lacks a field is found out, and said of every ChatCluster', async () => {
  const told: (readonly string[] | undefined)[] = [];
  const check = new CrdCheck({
    client: new KubeClient(accessOf(api.kubeconfig('operator')), {
      fieldManager: 'test',
      now: () => systemClock.now(),
    }),
    clock: systemClock,
    onChange: unknown => void told.push(unknown),
  });
  await check.look();
  assert.deepEqual(check.unknown, []);
  await remove('/spec/properties/service/x-kubernetes-validations');
  await remove('/spec/properties/service/properties/ipFamilyPolicy');
  await remove('/status/properties/gateways/properties/drainingReplicas');
  await check.look();
  await check.look();
  assert.deepEqual(told, [[], ['spec.service.ipFamilyPolicy', 'status.gateways.drainingReplicas']]);

  await api.client.create(RESOURCES.chatClusters, chatCluster('chat'));
  const operator = await runOperator(suite, api);
  const said = await until('the condition says so', async (): Promise<Condition | undefined> => {
    const { status } = await api.client.get<ChatCluster>(RESOURCES.chatClusters, 'default', 'chat');
    return status?.conditions?.find(({ reason }) => reason === 'CRDOutdated');
  });
  assert.match(
    said.message,
    /does not know spec\.service\.ipFamilyPolicy, status\.gateways\.drainingReplicas: the API server drops these fields/,
  );
  assert.deepEqual([said.type, said.status], ['SettingsInForce', 'False']);
  assert.match(await operator.metrics.registry.metrics(), /^chatcluster_operator_crd_unknown_fields 2$/m);
});

test('who may not read the CRD says nothing of it, and goes on', async () => {
  const role = { kind: 'ClusterRole', apiVersion: 'rbac.authorization.k8s.io/v1', plural: 'clusterroles' };
  type Role = KubeObject & { readonly rules: readonly { readonly resources: readonly string[] }[] };
  const { items } = await api.client.list<Role>(role, '', {});
  const found = items.find(({ rules }) => rules?.some(({ resources }) => resources?.includes('chatclusters/status')));
  const rules = found?.rules.filter(({ resources }) => !resources.includes('customresourcedefinitions'));
  assert.ok(found && rules && rules.length === found.rules.length - 1);
  await api.client.patch(role, '', found.metadata.name, { rules });
  const whys: string[] = [];
  const check = new CrdCheck({
    client: new KubeClient(accessOf(api.kubeconfig('operator')), {
      fieldManager: 'test',
      now: () => systemClock.now(),
    }),
    clock: systemClock,
    onChange: (_, why) => void whys.push(why),
  });
  await until('the right is gone', async () => {
    await check.look();
    return check.unknown === undefined;
  });
  assert.match(whys.at(-1) ?? '', /customresourcedefinitions.* is forbidden/);
});
