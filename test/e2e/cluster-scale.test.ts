import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { RELEASE } from '../../tools/cluster/release.ts';
import { replay } from '../../tools/simulator/replay.ts';
import { movingClients } from '../support/chat/moving-clients.ts';
import { type PlacedClient, placedClient } from '../support/chat/placed-client.ts';
import { eventually, kubeChat } from '../support/kube/kube-chat.ts';
import { ownChat } from '../support/kube/own-chat.ts';
import { underway } from '../support/kube/scenario.ts';

const kube = await kubeChat({ after });
/** Two gateways hold 80. */
const TARGET = 40;
const CROWD = 100;
const AT_ONCE = 16;

test('connections above the target add gateways that take connections, and those go when the crowd has gone', {
  skip: kube.unbalanced,
}, async t => {
  const soon = { stabilizationWindowSeconds: 5, policies: [{ type: 'Percent', value: 100, periodSeconds: 5 }] };
  const chat = await ownChat(t, kube, 'fleet-auto', {
    gateway: {
      replicas: 2,
      autoscaling: {
        mode: 'Builtin',
        minReplicas: 2,
        maxReplicas: 4,
        targetConnections: TARGET,
        // A crowd that leaves at once is else expected back.
        collapsePercent: 100,
        behavior: { scaleDown: soon },
      },
      rebalance: { mode: 'Disabled' },
    },
  });
  const before = await chat.settled(2);
  const stay = await movingClients(t, chat.url, { clients: 20 });
  // One move for each step down.
  await underway(t, chat, stay, 2, async () => {
    const crowd: PlacedClient[] = [];
    const lane = async () => {
      while (crowd.length < CROWD) crowd.push(await placedClient(t, chat.url, { user: 'crowd' }));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    const added = await eventually('a gateway more is ready', async () => {
      const ready = (await chat.pods()).filter(pod => pod.ready && !before.some(({ uid }) => uid === pod.uid));
      return ready.length > 0 ? ready.map(({ name }) => name) : null;
    });
    await eventually('an added gateway serves a client', async () => {
      const client = await placedClient(t, chat.url, { user: 'late' });
      crowd.push(client);
      return added.includes(client.gateway());
    });
    assert.ok(((await chat.object()).status?.gateways?.desiredReplicas ?? 0) > 2);
    for (const client of crowd) client.sdk.disconnect();
    await chat.settled(2, 240_000);
  });

  const selector = '--selector=app.kubernetes.io/name=chatcluster-operator';
  const namespace = `--namespace=${RELEASE.namespace}`;
  const log = await kube.access.kubectl(['logs', namespace, selector, '--tail=-1', '--since=10m']);
  const { decisions, steps, different } = replay(log.split('\n'));
  assert.ok(decisions > 10 && steps >= 2, `${decisions} decisions, ${steps} steps`);
  assert.deepEqual(different, [], 'what the cluster decided is decided again');
});
