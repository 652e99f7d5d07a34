import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { CHAT } from '../cluster/chat-service.ts';
import { eventually, IN_NAMESPACE, kubeChat } from '../support/kube-chat.ts';
import { type PlacedClient, placedClient } from '../support/placed-client.ts';

const kube = await kubeChat({ after });
/** Of the example: two gateways hold 400. */
const ABOVE_TARGET = 410;
const AT_ONCE = 16;

test('connections above the target add a gateway that takes connections, and it goes when they have gone', {
  skip: kube.unbalanced,
}, async t => {
  const ready = async () =>
    (await kube.gateways()).filter(pod => pod.status.containerStatuses?.[0]?.ready).map(pod => pod.metadata.name);
  const before = await eventually('it starts with two gateways', async () => {
    const names = await ready();
    return names.length === 2 ? names : null;
  });
  const clients: PlacedClient[] = [];
  const lane = async () => {
    while (clients.length < ABOVE_TARGET) clients.push(await placedClient(t, kube.url, { user: 'crowd' }));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));

  const added = await eventually('a third gateway is ready', async () => {
    const names = await ready();
    return names.length === 3 ? names.find(name => !before.includes(name)) : null;
  });
  await eventually('the third gateway serves a client', async () => {
    const client = await placedClient(t, kube.url, { user: 'late' });
    clients.push(client);
    return client.gateway() === added;
  });
  const scale = await kube.access.kubectl([
    'get',
    'chatcluster',
    CHAT,
    IN_NAMESPACE,
    '--output=jsonpath={.status.gateways.replicas}',
  ]);
  assert.equal(scale, '3');

  for (const client of clients) client.sdk.disconnect();
  await eventually('two gateways are left', async () => (await kube.gateways()).length === 2, 240_000);
});
