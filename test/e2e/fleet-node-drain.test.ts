import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { addNode, removeNode } from '../../tools/cluster/second-node.ts';
import { movingClients } from '../support/chat/moving-clients.ts';
import { IN_NAMESPACE, kubeChat } from '../support/kube/kube-chat.ts';
import { ownChat } from '../support/kube/own-chat.ts';
import { underway } from '../support/kube/scenario.ts';

const kube = await kubeChat({ after });
const { access } = kube;
const { local } = access;
const skip = local === null && 'nodes are added to the local cluster only';

test('kubectl drain of a node moves each of its clients once, and nobody else', { skip }, async t => {
  assert.ok(local);
  await removeNode(local);
  await addNode(local, line => t.diagnostic(line));
  t.after(() => removeNode(local));
  // A rebalance moves others to the gateways that replace those of the node.
  const chat = await ownChat(t, kube, 'fleet-node', { gateway: { replicas: 4, rebalance: { mode: 'Disabled' } } });
  const { items } = await access.get<{
    items: { metadata: { name: string; uid: string }; spec: { nodeName: string } }[];
  }>(['pods', IN_NAMESPACE, `--selector=app.kubernetes.io/instance=${chat.name},app.kubernetes.io/component=gateway`]);
  const leaving = items.filter(({ spec }) => spec.nodeName === local.second.name).map(({ metadata }) => metadata.name);
  assert.ok(leaving.length > 0 && leaving.length < items.length, `${leaving.length} of ${items.length} on the node`);
  const clients = await movingClients(t, chat.url, { clients: 80 });
  const spread = clients.spread();
  const onNode = leaving.reduce((sum, name) => sum + (spread.get(name) ?? 0), 0);
  const outcome = await underway(t, chat, clients, 1, async () => {
    await access.kubectl([
      ...['drain', local.second.name, '--ignore-daemonsets', '--delete-emptydir-data', '--timeout=120s'],
    ]);
    await chat.settled(4);
  });
  assert.equal(outcome.moved, onNode);
  const left = (await chat.pods()).map(({ uid }) => uid);
  for (const { metadata } of items) {
    assert.equal(left.includes(metadata.uid), !leaving.includes(metadata.name), metadata.name);
  }
});
