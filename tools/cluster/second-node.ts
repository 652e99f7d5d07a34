import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { clusterBinaries } from './binaries.ts';
import { CONTAINERD, kubectlInside, nodeAgents } from './components.ts';
import { writeNodeConfiguration } from './configuration.ts';
import type { Layout, NodeLayout } from './layout.ts';
import { copyImages } from './load-image.ts';
import { execInside, holderOf } from './namespaces.ts';
import { makeNode, nodeIsReady, startComponents, untilNodeIsReady } from './node.ts';
import { makeSecondNodeCertificates } from './pki.ts';
import { stopNode } from './stop.ts';

const run = promisify(execFile);
const silent = () => undefined;

/**
 * Adds `layout.second` to the running cluster: namespaces, a containerd, a kubelet and a kube-proxy of its own. It has the
 * images the first node has, and gets those that are loaded later. One that works already is left alone.
 * @param say receives each step, a line at a time
 * @throws naming the component that did not come up, and its log; without a cluster
 */
export async function addNode(layout: Layout, say: (line: string) => void): Promise<'started' | 'was running'> {
  const node = layout.second;
  if (holderOf(layout) === null) throw new Error(`no cluster runs in ${layout.dir}: npm run cluster:up`);
  if (await nodeIsReady(layout, node)) return 'was running';
  await removeNode(layout);
  await makeSecondNodeCertificates(layout);
  writeNodeConfiguration(node);
  await makeNode(node, await clusterBinaries());
  await link(layout, node);
  await startComponents(node, [CONTAINERD], silent);
  await copyImages(layout, node);
  await startComponents(node, nodeAgents(node), silent);
  await untilNodeIsReady(layout, node);
  say(`${node.name} is ready`);
  return 'started';
}

/**
 * Ends the second node at once, and removes it and the pods it ran from the cluster, whose controllers start others in
 * their place: a node whose pods shall end in order is drained first. None is an answer too.
 */
export async function removeNode(layout: Layout): Promise<void> {
  const { second } = layout;
  await stopNode(second);
  if (holderOf(layout) === null) return;
  await execInside(layout, [...kubectlInside, 'delete', 'node', second.name, '--ignore-not-found']);
  const itsPods = ['--all-namespaces', `--field-selector=spec.nodeName=${second.name}`];
  await execInside(layout, [...kubectlInside, 'delete', 'pods', ...itsPods, '--grace-period=0', '--force']);
}

/** Joins the network namespaces by a cable with an end in each, which goes with either of them. */
async function link(one: NodeLayout, two: NodeLayout): Promise<void> {
  const ends = ['name', `to-${two.name}`, 'type', 'veth', 'peer', 'name', `to-${one.name}`];
  // Not in the PID namespace of one, which does not know the other's processes.
  const network = ['--target', String(holderOf(one)), '--net'];
  await run('nsenter', [...network, 'ip', 'link', 'add', ...ends, 'netns', String(holderOf(two))]);
  for (const [from, to] of [
    [one, two],
    [two, one],
  ] as const) {
    const device = `to-${to.name}`;
    await execInside(from, ['ip', 'link', 'set', device, 'up']);
    await execInside(from, ['ip', 'route', 'add', to.address, 'dev', device, 'src', from.address]);
    await execInside(from, ['ip', 'route', 'add', to.pods, 'via', to.address, 'dev', device, 'src', from.address]);
  }
}
