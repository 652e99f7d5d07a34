import { existsSync, globSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../support/until.ts';
import { endForwards } from './forward.ts';
import type { Layout, NodeLayout } from './layout.ts';
import { endNamespaces } from './namespaces.ts';

const CGROUPS = '/sys/fs/cgroup';

/**
 * Takes the cluster down, also what an unclean stop left of it, and removes its data: processes, mounts, links,
 * addresses, rules and cgroups are as before its start. Its logs stay until the next start.
 */
export async function stopCluster(layout: Layout): Promise<void> {
  await endForwards(layout);
  await stopNode(layout.second);
  await stopNode(layout);
  for (const path of [layout.bin, layout.forwards, layout.kubeconfig]) rmSync(path, { recursive: true, force: true });
}

/** Ends one node, as a loss of its power would, and removes its data: all but its logs. */
export async function stopNode(node: NodeLayout): Promise<void> {
  await endNamespaces(node);
  // The kernel takes a moment to let go of a group whose last process was killed.
  await until('its cgroups can be removed', () => removeCgroups(node.cgroup));
  for (const name of ['etcd', 'var', 'tmp', 'volumes', 'config', 'pki']) {
    rmSync(join(node.dir, name), { recursive: true, force: true });
  }
}

/** Removes the groups of that name in every hierarchy; false while one of them is busy. */
function removeCgroups(name: string): boolean {
  const tops = [join(CGROUPS, name), ...globSync(`${CGROUPS}/*/${name}`)].filter(dir => existsSync(dir));
  return tops.map(removeGroup).every(removed => removed);
}

function removeGroup(dir: string): boolean {
  const below = readdirSync(dir, { withFileTypes: true }).filter(entry => entry.isDirectory());
  const empty = below.map(entry => removeGroup(join(dir, entry.name))).every(removed => removed);
  if (!empty) return false;
  try {
    rmdirSync(dir);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return true;
    if (code === 'EBUSY') return false;
    throw error;
  }
}
