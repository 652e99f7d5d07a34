import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { KubeObject } from '../../operator/api/kube-object.ts';
import { RESOURCES } from '../../operator/kube/resources.ts';
import { until } from '../../tools/support/until.ts';
import { type ApiServer, startApiServer } from '../support/kube/api-server.ts';
import { chatCluster, installChart } from '../support/kube/chat-operator.ts';
import { type OperatorProcess, startOperatorProcess } from '../support/kube/operator-process.ts';
import { type RecordingProxy, recordingProxy } from '../support/kube/recording-proxy.ts';

interface Contender {
  readonly process: OperatorProcess;
  readonly proxy: RecordingProxy;
}

const leads = async ({ process }: Contender) => (await process.metric('chatcluster_operator_leader')) === 1;

type Env = Readonly<Record<string, string>>;

async function contender(t: TestContext, api: ApiServer, env: Env): Promise<Contender> {
  const proxy = await recordingProxy(t, api.kubeconfig('operator'));
  return { process: await startOperatorProcess(t, proxy.kubeconfig, env), proxy };
}

/** Two operators with the rights of the chart, the first of them leader. */
async function twoOperators(
  t: TestContext,
  env: Env = {},
): Promise<{ api: ApiServer; leader: Contender; standby: Contender }> {
  const api = await startApiServer(t);
  await installChart(api);
  const leader = await contender(t, api, env);
  await until('the first leads', () => leads(leader), { state: leader.process.output });
  const standby = await contender(t, api, env);
  await until('the second is ready', async () => (await standby.process.ask('/readyz')).status === 200, {
    state: standby.process.output,
  });
  return { api, leader, standby };
}

/** Makes a ChatCluster and waits until an operator has written its status. */
async function served(api: ApiServer, name: string, ms = 60_000): Promise<void> {
  await api.client.create(RESOURCES.chatClusters, chatCluster(name));
  await until(
    `${name} is served`,
    async () => {
      const { status } = await api.client.get<ReturnType<typeof chatCluster>>(RESOURCES.chatClusters, 'default', name);
      return status?.observedGeneration === 1;
    },
    { ms },
  );
}

describe('two operators', { concurrency: 2 }, () => {
  test('of two operators one writes; when it is told to go, the other one acts at its next attempt', async t => {
    // With a Lease of a minute, nobody gets it within the deadline but by being given it.
    const env = { OPERATOR_LEASE_SECONDS: '60', OPERATOR_LEASE_RENEW_SECONDS: '50' };
    const { api, leader, standby } = await twoOperators(t, env);
    await served(api, 'first');
    assert.ok(leader.proxy.writes().length > 0);
    assert.deepEqual(standby.proxy.writes(), []);
    assert.equal(await leads(standby), false);

    const toldAt = performance.now();
    const ended = leader.process.end('SIGTERM');
    await until('the other one leads', () => leads(standby), { state: standby.process.output });
    t.diagnostic(`it took ${Math.round(performance.now() - toldAt)} ms`);
    assert.equal(await ended, 0, leader.process.output());

    const before = leader.proxy.writes().length;
    await served(api, 'second');
    assert.equal(leader.proxy.writes().length, before);
    const lease = await api.client.get<KubeObject & { spec: { leaseTransitions: number } }>(
      RESOURCES.leases,
      'default',
      'test-chatcluster',
    );
    assert.equal(lease.spec.leaseTransitions, 1);
  });

  test('an operator that is killed is followed within 30 s', async t => {
    const { api, leader, standby } = await twoOperators(t);
    const killedAt = performance.now();
    await leader.process.end('SIGKILL');
    await served(api, 'orphan', 30_000);
    t.diagnostic(`it took ${Math.round(performance.now() - killedAt)} ms`);
    assert.ok(standby.proxy.writes().length > 0);
  });

  test('an API server that comes back after a while finds one leader again', async t => {
    const { api, leader, standby } = await twoOperators(t);
    await api.stop();
    await until('nobody leads', async () => !(await leads(leader)) && !(await leads(standby)));
    await api.start();
    await served(api, 'after', 90_000);
    assert.equal([await leads(leader), await leads(standby)].filter(Boolean).length, 1);
    for (const { process } of [leader, standby]) assert.equal(process.child.exitCode, null, 'no process has ended');
  });
});

test('a leader stopped for 25 s in the middle of a pass writes nothing when it goes on', async t => {
  const { api, leader, standby } = await twoOperators(t);
  let stoppedAt = 0;
  // Before it makes a child it asks whether there is one: the answer finds it stopped, the write is what comes next.
  leader.proxy.onCall = ({ method, path }) => {
    if (stoppedAt > 0 || method !== 'GET' || !path.endsWith('/services/due')) return;
    stoppedAt = performance.now();
    leader.process.child.kill('SIGSTOP');
  };
  await served(api, 'due', 60_000);
  assert.ok(stoppedAt > 0, 'the leader was stopped');
  assert.ok(await leads(standby));
  const before = leader.proxy.writes();
  assert.deepEqual(
    before.filter(({ path }) => path.endsWith('/services/due')),
    [],
    'its write was due',
  );
  // Its Lease is over by far: the other one leads, and what it was about to write is no longer its to write.
  await until('25 s have passed', () => performance.now() - stoppedAt > 25_000, { ms: 60_000, pollMs: 200 });

  leader.process.child.kill('SIGCONT');
  await until('it knows', async () => (await leader.process.metric('chatcluster_operator_leader')) === 0, {
    state: leader.process.output,
  });
  await until('it wants to write', () => leader.process.output().includes('another operator may be leader'), {
    state: leader.process.output,
  });
  await served(api, 'later');
  assert.deepEqual(leader.proxy.writes(), before);

  // Of each child of `due` one write came through, whoever's.
  const applied = [...leader.proxy.writes(), ...standby.proxy.writes()].filter(
    ({ path, status }) => status === 200 || (status === 201 && !path.includes('/events')),
  );
  const paths = applied.map(({ path }) => path).filter(path => /\/due(-[a-z0-9-]+)?$/.test(path));
  assert.ok(paths.length > 5);
  assert.deepEqual(paths.toSorted(), [...new Set(paths)].sort());
});
