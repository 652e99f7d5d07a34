import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { metric } from '../../tools/support/metrics.ts';
import { until } from '../../tools/support/until.ts';
import { loadOf } from '../support/chat/busy-gateway.ts';
import { startLink } from '../support/chat/link.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const backends = await startBackends({ after });

test('a gateway that loses NATS says so, stays Ready, and says when NATS is back', async t => {
  const cluster = await startCluster(t, backends);
  const port = Number(new URL(backends.nats.url).port);
  const link = await startLink(t, port);
  const gateway = await cluster.spawnGateway({ CHAT_NATS_URL: `nats://127.0.0.1:${new URL(link.url).port}` });
  const says = async () => [
    (await loadOf(gateway)).natsUp,
    await metric(gateway.adminPort, 'chatcluster_nats_up'),
    (await fetch(gateway.readyUrl)).status,
  ];
  assert.deepEqual(await says(), [true, 1, 200]);

  link.cut();
  await until('it has connected again', () => link.connections >= 4);
  assert.deepEqual(await says(), [true, 1, 200], 'a reconnect is no news');

  link.target(null);
  link.cut();
  await until('it says so', async () => (await loadOf(gateway)).natsUp === false);
  assert.deepEqual(await says(), [false, 0, 200]);
  assert.equal((await loadOf(cluster.gateways[0])).natsUp, true);

  link.target(port);
  await until('it is back', async () => (await loadOf(gateway)).natsUp);
  assert.deepEqual(await says(), [true, 1, 200]);
});
