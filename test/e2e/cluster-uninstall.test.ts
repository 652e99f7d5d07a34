import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { CHAT } from '../../tools/cluster/chat-service.ts';
import { RELEASE, uninstallOperator } from '../../tools/cluster/release.ts';
import { nextId } from '../../tools/support/sdk.ts';
import { placedClient } from '../support/chat/placed-client.ts';
import { eventually, IN_NAMESPACE, kubeChat } from '../support/kube/kube-chat.ts';

const kube = await kubeChat({ after });
const { access } = kube;

test('helm uninstall leaves the definition, the ChatClusters, their gateways and their data', async t => {
  const room = `channel:${nextId()}`;
  const client = await placedClient(t, kube.url, { user: 'alice' });
  await client.send(room, 'before');
  await eventually('the message is stored', () => kube.messages().findOne({ room }));
  const pods = (await kube.gateways()).map(pod => pod.metadata.uid);

  await uninstallOperator(access);
  const operator = ['get', 'deployment', RELEASE.name, `--namespace=${RELEASE.namespace}`, '--ignore-not-found'];
  assert.equal(await access.kubectl(operator), '');
  assert.match(await access.kubectl(['get', 'crd', 'chatclusters.chatcluster.dev', '--output=name']), /chatclusters/);
  assert.match(await access.kubectl(['get', 'chatcluster', CHAT, IN_NAMESPACE, '--output=name']), /chat/);

  await client.send(room, 'after');
  const stored = await eventually('the worker still stores', async () => {
    const found = await kube.messages().find({ room }).sort({ offset: 1 }).toArray();
    return found.length === 2 ? found : null;
  });
  assert.deepEqual(
    stored.map(({ body }) => (JSON.parse(String(body)) as { text: string }).text),
    ['before', 'after'],
  );
  assert.deepEqual(
    (await kube.gateways()).map(pod => pod.metadata.uid),
    pods,
  );
});
