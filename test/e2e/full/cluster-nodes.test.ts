import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { clusterAccess } from '../../../tools/cluster/access.ts';
import { LOCAL } from '../../../tools/cluster/layout.ts';
import { addNode, removeNode } from '../../../tools/cluster/second-node.ts';
import { startCluster } from '../../../tools/cluster/start.ts';
import { eventually } from '../../support/kube/kube-chat.ts';
import { ask, endProbes, PROBE_SERVICE, startProbes, untilProbes } from '../../support/kube/probe-pods.ts';

const access = clusterAccess(process.env);
const skip = access.local === null && 'nodes are added to the local cluster only';
const [one, two] = [LOCAL.name, LOCAL.second.name];
const REQUESTS = 40;
const silent = () => undefined;

before(async () => {
  if (access.local === null) return;
  await startCluster(LOCAL, silent);
  await removeNode(LOCAL);
  await startProbes(access, LOCAL, 2);
  await addNode(LOCAL, silent);
});
after(async () => {
  if (access.local === null) return;
  await endProbes(access);
  await removeNode(LOCAL);
});

test('a second node has the images of the first and takes pods; a second call changes nothing', { skip }, async () => {
  await untilProbes(access, { [one]: 2 });
  await access.kubectl(['--namespace=nodes', 'scale', 'deployment/probe', '--replicas=4']);
  await untilProbes(access, { [one]: 2, [two]: 2 });
  assert.equal(await addNode(LOCAL, silent), 'was running');
});

test('pods of two nodes reach each other by address, unmasked, and by the name of a Service', { skip }, async () => {
  const pods = await untilProbes(access, { [one]: 2, [two]: 2 });
  for (const from of pods) {
    for (const to of pods.filter(pod => pod.node !== from.node)) {
      const [answer] = await ask(access, from, to.address);
      assert.equal(answer?.pod, to.name);
      assert.equal(answer?.from.replace('::ffff:', ''), from.address);
    }
    await eventually(`the Service leads ${from.name} to every pod`, async () => {
      const answers = await ask(access, from, PROBE_SERVICE, REQUESTS);
      return new Set(answers.map(({ pod }) => pod)).size === pods.length;
    });
  }
});

test('a drained node is empty and its pods are back on the other one', { skip }, async () => {
  const before = await untilProbes(access, { [one]: 2, [two]: 2 });
  const flags = ['--ignore-daemonsets', '--delete-emptydir-data', '--timeout=90s'];
  await access.kubectl(['drain', two, ...flags]);
  const after = await untilProbes(access, { [one]: 4, [two]: 0 });
  const kept = before.filter(pod => pod.node === one).map(pod => pod.name);
  assert.deepEqual(
    kept.filter(name => !after.some(pod => pod.name === name)),
    [],
  );
});

test('a node that is removed with its pods is forgotten, and others are started in their place', { skip }, async () => {
  await access.kubectl(['uncordon', two]);
  await access.kubectl(['--namespace=nodes', 'rollout', 'restart', 'deployment/probe']);
  await untilProbes(access, { [one]: 2, [two]: 2 });
  await removeNode(LOCAL);
  await untilProbes(access, { [one]: 4 });
  assert.equal(await access.kubectl(['get', 'nodes', '--output=jsonpath={.items[*].metadata.name}']), one);
});
