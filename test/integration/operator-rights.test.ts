import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { KubeObject } from '../../operator/api/kube-object.ts';
import { RESOURCES, type Resource } from '../../operator/kube/resources.ts';
import { until } from '../../tools/support/until.ts';
import { type ApiServer, startApiServer } from '../support/kube/api-server.ts';
import { chatCluster, installChart } from '../support/kube/chat-operator.ts';
import { startOperatorProcess } from '../support/kube/operator-process.ts';

interface Role extends KubeObject {
  readonly rules: readonly { readonly resources: readonly string[] }[];
}

const ROLES: Resource = { kind: 'ClusterRole', apiVersion: 'rbac.authorization.k8s.io/v1', plural: 'clusterroles' };
const NAMES = ['test-chatcluster', 'test-chatcluster-nodes'];

/** An API server with the chart, whose roles lack the rights on some resources. @returns gives them back */
async function withoutRights(t: TestContext, missing: readonly string[]) {
  const api = await startApiServer(t);
  await installChart(api);
  const roles = await Promise.all(NAMES.map(name => api.client.get<Role>(ROLES, '', name)));
  const setRules = async (change: (rules: Role['rules']) => Role['rules']) => {
    for (const { metadata, rules } of roles) await api.client.patch(ROLES, '', metadata.name, { rules: change(rules) });
  };
  await setRules(rules =>
    rules
      .map(rule => ({ ...rule, resources: rule.resources.filter(resource => !missing.includes(resource)) }))
      .filter(({ resources }) => resources.length > 0),
  );
  return { api, giveBack: () => setRules(rules => rules) };
}

const exists = async (api: ApiServer, resource: Resource, name: string) =>
  await api.client.get(resource, 'default', name).then(
    () => true,
    () => false,
  );

/** True if the gateways of any revision have one. */
const haveBudget = async ({ client }: ApiServer) =>
  (await client.list(RESOURCES.podDisruptionBudgets, 'default', {})).items.length > 0;

test('without rights on what can be done without, the operator leads, says what is lost, and takes them when they come', async t => {
  const optional = ['serviceaccounts', 'poddisruptionbudgets', 'horizontalpodautoscalers', 'nodes'];
  const { api, giveBack } = await withoutRights(t, optional);
  const operator = await startOperatorProcess(t, api.kubeconfig('operator'));
  const ready = async () => await operator.ask('/readyz');
  await until('it is ready', async () => (await ready()).status === 200, { state: operator.output });
  const { text } = await ready();
  for (const kind of ['ServiceAccount', 'PodDisruptionBudget', 'HorizontalPodAutoscaler', 'Node'])
    assert.match(
      text,
      new RegExp(`^without ${kind}: .+ is forbidden: User "operator" cannot (list|watch) resource`, 'm'),
    );
  await api.client.create(RESOURCES.chatClusters, chatCluster('chat'));
  await until('it works', () => exists(api, RESOURCES.deployments, 'chat-worker'), { state: operator.output });
  const served = async () => {
    const { status } = await api.client.get<ReturnType<typeof chatCluster>>(RESOURCES.chatClusters, 'default', 'chat');
    return status;
  };
  await until('the status is written', async () => (await served())?.observedGeneration === 1);
  const ready1 = (await served())?.conditions?.find(({ type }) => type === 'Ready');
  assert.ok(ready1 && ready1.reason !== 'Refused', ready1?.message);
  assert.equal(await haveBudget(api), false);
  assert.equal(await operator.metric('chatcluster_operator_kind_synced{kind="Node"}'), 0);
  assert.equal(await operator.metric('chatcluster_operator_kind_synced{kind="Pod"}'), 1);

  await giveBack();
  await until('the budget is made', () => haveBudget(api), {
    ms: 90_000,
    state: operator.output,
  });
  await until('nothing is missing', async () => (await ready()).text === 'ok\n', { ms: 90_000, state: ready });
  const lines = operator.output().split('\n');
  for (const said of ['goes on without a kind', 'a kind that was missing is known again'])
    for (const kind of ['PodDisruptionBudget', 'Node'])
      assert.equal(
        lines.filter(line => line.includes(said) && line.includes(`"${kind}"`)).length,
        1,
        `${said}: ${kind}`,
      );
  await until('the service account is made', () => exists(api, RESOURCES.serviceAccounts, 'chat'));
});

test('without a right it needs, the operator is not ready and says which, and is when the right comes', async t => {
  const { api, giveBack } = await withoutRights(t, ['pods']);
  const operator = await startOperatorProcess(t, api.kubeconfig('operator'));
  await until(
    'it says why',
    async () => /Pod: cannot be listed: 403 .+pods is forbidden/.test((await operator.ask('/readyz')).text),
    {
      state: operator.output,
    },
  );
  const { status } = await operator.ask('/readyz');
  assert.equal(status, 503);
  assert.equal((await operator.ask('/healthz')).status, 200, 'a new start would not mend it');
  await giveBack();
  await until('it is ready', async () => (await operator.ask('/readyz')).text === 'ok\n', {
    ms: 90_000,
    state: operator.output,
  });
});
