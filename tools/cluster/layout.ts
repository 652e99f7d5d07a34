import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The top of this repository. */
export const REPOSITORY = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Paths inside the cluster's namespaces: those of the host do not exist there, or mean something else. */
export const INSIDE = {
  state: '/run/chatcluster/state',
  bin: '/run/chatcluster/bin',
  containerd: '/run/chatcluster/containerd.sock',
} as const;

/** Addresses inside the cluster's own network namespaces; nothing outside can reach or collide with them. */
export const NETWORK = {
  /** Subnet of the pods of all nodes. */
  pods: '10.88.0.0/16',
  services: '10.96.0.0/16',
  apiService: '10.96.0.1',
  dns: '10.96.0.10',
  apiPort: 6443,
} as const;

/** A node as the cluster sees it. */
export interface NodeIdentity {
  readonly name: string;
  /** Its own address, at which the other node and all pods reach it. */
  readonly address: string;
  /** Subnet of its pods, a part of {@link NETWORK}'s. */
  readonly pods: string;
}

/** The node that the control plane runs on. */
export const FIRST_NODE: NodeIdentity = { name: 'node-1', address: '10.77.0.1', pods: '10.88.0.0/24' };
const SECOND_NODE: NodeIdentity = { name: 'node-2', address: '10.77.0.2', pods: '10.88.1.0/24' };

/** Paths of the state of one node on the host. */
export interface NodeLayout extends NodeIdentity {
  readonly dir: string;
  readonly log: string;
  readonly pki: string;
  /** Configuration of the components. */
  readonly config: string;
  /** File that names the process that holds the namespaces: see {@link ./namespaces.ts}. */
  readonly namespaces: string;
  /** Every cgroup of the node is below this name. */
  readonly cgroup: string;
}

/** Paths of the state of one cluster on the host: that of its first node, and what exists once. */
export interface Layout extends NodeLayout {
  /** Directory of what a user runs: kubectl and helm, with this cluster's kubeconfig as their default. */
  readonly bin: string;
  /** Kubeconfig for use on the host. */
  readonly kubeconfig: string;
  /** One file for each forward that outlives its maker: see {@link ./forward.ts}. */
  readonly forwards: string;
  readonly auditLog: string;
  /** The node of {@link ./second-node.ts}; its directory and cgroups are below those of the first. */
  readonly second: NodeLayout;
}

/** @param dir a directory that belongs to the cluster alone */
export function layoutOf(dir: string): Layout {
  const cgroup = `chatcluster-${createHash('sha256').update(dir).digest('hex').slice(0, 8)}`;
  return {
    ...nodeLayout(FIRST_NODE, dir, cgroup),
    bin: join(dir, 'bin'),
    kubeconfig: join(dir, 'kubeconfig'),
    forwards: join(dir, 'forwards'),
    auditLog: join(dir, 'log', 'audit.log'),
    second: nodeLayout(SECOND_NODE, join(dir, SECOND_NODE.name), `${cgroup}/${SECOND_NODE.name}`),
  };
}

function nodeLayout(identity: NodeIdentity, dir: string, cgroup: string): NodeLayout {
  return {
    ...identity,
    dir,
    log: join(dir, 'log'),
    pki: join(dir, 'pki'),
    config: join(dir, 'config'),
    namespaces: join(dir, 'namespaces.json'),
    cgroup,
  };
}

/** The cluster of `npm run cluster:up`. */
export const LOCAL: Layout = layoutOf(join(REPOSITORY, '.cluster'));
