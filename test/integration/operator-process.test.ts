import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { RESOURCES } from '../../operator/kube/resources.ts';
import { until } from '../../tools/support/until.ts';
import { startApiServer } from '../support/kube/api-server.ts';
import { chatCluster, installChart, runOperator } from '../support/kube/chat-operator.ts';
import { spawnOperator, startOperatorProcess } from '../support/kube/operator-process.ts';

test('the process serves its health, waits for the CRD, and ends on SIGTERM', async t => {
  const api = await startApiServer(t);
  const { output, ask, end } = await startOperatorProcess(t, api.kubeconfig('operator'));
  await until('it is alive', async () => (await ask('/healthz')).status === 200, { state: output });
  assert.equal((await ask('/readyz')).status, 503, 'there is neither a CRD nor a right to list');

  await installChart(api);
  await until('it is ready', async () => (await ask('/readyz')).status === 200, { ms: 90_000, state: output });
  await api.client.create(RESOURCES.chatClusters, chatCluster('chat'));
  await until('it works', () =>
    api.client.get(RESOURCES.deployments, 'default', 'chat-worker').then(
      () => true,
      () => false,
    ),
  );
  await until('a pass is counted', async () =>
    /chatcluster_operator_reconciles_total\{result="ok"\} [1-9]/.test((await ask('/metrics')).text),
  );
  const series = async (pattern: RegExp) => pattern.test((await ask('/metrics')).text);
  await until('its conditions are shown', () =>
    series(
      /^chatcluster_status_condition\{namespace="default",name="chat",type="Ready",status="False",reason="\w+"\} 1$/m,
    ),
  );
  for (const metric of [
    /^chatcluster_operator_build_info\{version="[0-9.]+",node="v[0-9.]+"\} 1$/m,
    /^chatcluster_operator_lists_total\{kind="Pod",cause="Start"\} 1$/m,
    /^chatcluster_operator_list_seconds_count\{kind="Node"\} 1$/m,
    /^chatcluster_operator_watch_events_total\{kind="ChatCluster",type="ADDED"\} 1$/m,
    /^chatcluster_operator_cached_objects\{kind="ChatCluster"\} 1$/m,
    /^chatcluster_operator_kind_synced\{kind="EndpointSlice"\} 1$/m,
    /^chatcluster_operator_lease_renewals_total [1-9]/m,
    /^chatcluster_operator_lease_age_seconds [0-9.]+$/m,
    /^chatcluster_operator_lease_holder\{holder="chatcluster-operator_[0-9a-f-]+"\} 1$/m,
    /^chatcluster_operator_queue_adds_total [1-9]/m,
    /^chatcluster_operator_queue_wait_seconds_count [1-9]/m,
    /^chatcluster_operator_last_success_timestamp_seconds 1[0-9]{9}/m,
  ])
    assert.ok(await series(metric), String(metric));
  await api.client.delete(await api.client.get(RESOURCES.chatClusters, 'default', 'chat'));
  await until('its series are gone', async () => !(await series(/name="chat"/)));
  assert.equal((await ask('/other')).status, 404);

  assert.equal(await end('SIGTERM'), 0, output());
  assert.ok(!output().includes('token-of-the-operator'), 'no credential is logged');
});

test('a bad setting ends the process with a list of all problems', async t => {
  const { child, output } = spawnOperator(t, { OPERATOR_ADMIN_PORT: 'http', OPERATOR_POLL_SECOND: '5' });
  const [code] = await once(child, 'close');
  assert.equal(code, 1);
  for (const name of ['OPERATOR_DEFAULT_IMAGE', 'OPERATOR_ADMIN_PORT', 'OPERATOR_POLL_SECOND'])
    assert.match(output(), new RegExp(name));
});

test('with the rights on one namespace alone it serves that one, and no other', async t => {
  const api = await startApiServer(t);
  const namespaces = { kind: 'Namespace', apiVersion: 'v1', plural: 'namespaces' };
  await api.client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team-a' } });
  await installChart(api, '--set', 'watchNamespace=team-a');
  await runOperator(t, api, 'team-a');
  const chat = chatCluster('chat');
  await api.client.create(RESOURCES.chatClusters, chat);
  await api.client.create(RESOURCES.chatClusters, { ...chat, metadata: { name: 'chat', namespace: 'team-a' } });
  await until('the one in team-a has a status', async () => {
    const { status } = await api.client.get<typeof chat>(RESOURCES.chatClusters, 'team-a', 'chat');
    return status?.observedGeneration === 1;
  });
  const { status } = await api.client.get<typeof chat>(RESOURCES.chatClusters, 'default', 'chat');
  assert.equal(status, undefined);
});
