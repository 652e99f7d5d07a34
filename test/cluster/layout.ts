import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The top of this repository. */
export const REPOSITORY = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Where things stand inside the cluster's namespaces: the host's paths do not exist there, or mean something else. */
export const INSIDE = {
  state: '/run/chatcluster/state',
  bin: '/run/chatcluster/bin',
  containerd: '/run/chatcluster/containerd.sock',
} as const;

/** Addresses inside the cluster's own network namespace; nothing outside can reach or collide with them. */
export const NETWORK = {
  node: '10.77.0.1',
  pods: '10.88.0.0/16',
  services: '10.96.0.0/16',
  apiService: '10.96.0.1',
  dns: '10.96.0.10',
  apiPort: 6443,
} as const;

export const NODE_NAME = 'node1';

/** Where one cluster keeps its state on the host. */
export interface Layout {
  readonly dir: string;
  /** What a user runs: kubectl and helm, with this cluster's kubeconfig as their default. */
  readonly bin: string;
  readonly log: string;
  readonly pki: string;
  /** Configuration of the components. */
  readonly config: string;
  /** For use on the host. */
  readonly kubeconfig: string;
  /** Who holds the namespaces: see {@link ./namespaces.ts}. */
  readonly namespaces: string;
  /** One file for each forward that outlives its maker: see {@link ./forward.ts}. */
  readonly forwards: string;
  readonly auditLog: string;
  /** Every cgroup of the cluster is below this name. */
  readonly cgroup: string;
}

/** @param dir a directory that belongs to the cluster alone */
export function layoutOf(dir: string): Layout {
  return {
    dir,
    bin: join(dir, 'bin'),
    log: join(dir, 'log'),
    pki: join(dir, 'pki'),
    config: join(dir, 'config'),
    kubeconfig: join(dir, 'kubeconfig'),
    namespaces: join(dir, 'namespaces.json'),
    forwards: join(dir, 'forwards'),
    auditLog: join(dir, 'log', 'audit.log'),
    cgroup: `chatcluster-${createHash('sha256').update(dir).digest('hex').slice(0, 8)}`,
  };
}

/** The cluster of `npm run cluster:up`. */
export const LOCAL: Layout = layoutOf(join(REPOSITORY, '.cluster'));
