import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../support/until.ts';
import { type Component, kubectlInside } from './components.ts';
import { type Layout, NETWORK, type NodeLayout } from './layout.ts';
import { execInside, holderOf, makeNamespaces, startInside } from './namespaces.ts';

const SETUP = join(dirname(fileURLToPath(import.meta.url)), 'node-setup.sh');
const READY_MS = 120_000;

/** Makes a node's namespaces and prepares them; nothing runs in them yet. Its configuration must be there. */
export async function makeNode(node: NodeLayout, binaries: string): Promise<void> {
  rmSync(node.log, { recursive: true, force: true });
  mkdirSync(node.log, { recursive: true });
  await makeNamespaces(node, join(binaries, 'pause'));
  await execInside(node, ['bash', SETUP, node.dir, binaries, node.cgroup, node.address, NETWORK.services]);
}

/** Starts the components in their order. @throws naming the one that does not come up, and its log */
export async function startComponents(
  node: NodeLayout,
  components: readonly Component[],
  say: (line: string) => void,
): Promise<void> {
  for (const { name, command, ready } of components) {
    await startInside(node, name, command);
    if (!ready) continue;
    await untilSuccess(`${name} works (its log: ${node.log}/${name}.log)`, node, ready);
    say(`${name} works`);
  }
}

/** True if the node runs and the API server calls it ready. */
export async function nodeIsReady(layout: Layout, node: NodeLayout): Promise<boolean> {
  if (holderOf(layout) === null || holderOf(node) === null) return false;
  return succeeds(layout, readiness(node, '5s'));
}

/** @throws naming the kubelet's log when the node does not become ready */
export async function untilNodeIsReady(layout: Layout, node: NodeLayout): Promise<void> {
  await untilSuccess(`${node.name} is ready (its log: ${node.log}/kubelet.log)`, layout, readiness(node, '1s'));
}

const readiness = (node: NodeLayout, timeout: string) =>
  [...kubectlInside, 'wait', '--for=condition=Ready', `--timeout=${timeout}`, `node/${node.name}`] as const;

async function untilSuccess(what: string, node: NodeLayout, command: readonly string[]): Promise<void> {
  await until(what, () => succeeds(node, command), { ms: READY_MS, pollMs: 100 });
}

function succeeds(node: NodeLayout, command: readonly string[]): Promise<boolean> {
  return execInside(node, command).then(
    () => true,
    () => false,
  );
}
