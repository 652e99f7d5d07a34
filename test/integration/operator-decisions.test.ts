import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { pino } from 'pino';
import { parseRecord } from '../../operator/autoscale/record.ts';
import { RESOURCES } from '../../operator/kube/resources.ts';
import { replay } from '../../tools/simulator/replay.ts';
import { until } from '../../tools/support/until.ts';
import { startApiServer } from '../support/kube/api-server.ts';
import { chatCluster, installChart, runOperator } from '../support/kube/chat-operator.ts';
import { startControllers } from '../support/kube/controllers.ts';
import { FakeGateways } from '../support/kube/fake-gateways.ts';
import { ObservedFleet, SWIFT } from '../support/kube/observed-fleet.ts';

// What was started last is stopped first: the gateways before the API server they ask.
const ends: (() => unknown)[] = [];
const suite = { after: (end: () => unknown) => void ends.unshift(end) } as Parameters<typeof runOperator>[0];
after(async () => {
  for (const end of ends) await end();
});

test('what the operator logs of its decisions is enough to make them again', async () => {
  const api = await startApiServer(suite);
  await installChart(api);
  await startControllers(suite, api);
  const pods = new FakeGateways(api);
  await pods.start(suite);
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  await runOperator(suite, api, '', pods.ask, log);

  const autoscaling = {
    mode: 'Builtin',
    minReplicas: 2,
    maxReplicas: 6,
    targetConnections: 100,
    collapsePercent: 100,
    behavior: {
      scaleDown: { stabilizationWindowSeconds: 2, policies: [{ type: 'Pods', value: 2, periodSeconds: 1 }] },
    },
  };
  const fleet = new ObservedFleet({ api, pods }, 'recorded');
  const gateway = { ...SWIFT, replicas: 2, autoscaling, rebalance: { mode: 'Disabled' } };
  await api.client.create(RESOURCES.chatClusters, chatCluster('recorded', { gateway }));
  await fleet.has(2);
  const hold = (each: number) => {
    for (const { load } of fleet.gateways) Object.assign(load ?? {}, { connections: each });
  };
  hold(250);
  const taken: number[] = [];
  const sizeIs = async (size: number) => {
    await until(`there are ${size}`, async () => (await fleet.deployments())[0]?.spec.replicas === size);
    taken.push(size);
  };
  await sizeIs(5);
  await fleet.has(5);
  hold(0);
  await sizeIs(2);

  const changes = () =>
    lines.flatMap(line => parseRecord(line) ?? []).filter(({ input, output }) => output.replicas !== input.current);
  await until(
    'each size it took, and several decisions, are in its log',
    () => replay(lines).decisions > 5 && taken.every(size => changes().some(({ output }) => output.replicas === size)),
    { state: () => changes().map(({ input, output }) => [input.current, output.replicas]) },
  );
  const { steps, different } = replay(lines);
  assert.deepEqual(different, []);
  assert.equal(changes().length, steps);
  assert.ok(lines.every(line => !line.includes('"history":[{')));
});
