import { resolve } from 'node:path';
import { LOCAL } from '../cluster/layout.ts';

/** Cluster the demo runs on: the one of `npm run cluster:up`, one of kind, or any other that is given. */
export type Target =
  | { readonly kind: 'local' }
  | { readonly kind: 'kind' }
  /** `image` is one of ChatCluster that the cluster can pull, or has. */
  | { readonly kind: 'given'; readonly kubeconfig: string; readonly image: string };

/**
 * Cluster of `--kind`, else that of KUBECONFIG, else the local one. Pure.
 * @throws when KUBECONFIG is set and CHATCLUSTER_IMAGE is not
 */
export function targetOf(options: { readonly kind: boolean }, env: NodeJS.ProcessEnv): Target {
  if (options.kind) return { kind: 'kind' };
  const kubeconfig = env['KUBECONFIG'];
  if (!kubeconfig || resolve(kubeconfig) === LOCAL.kubeconfig) return { kind: 'local' };
  const image = env['CHATCLUSTER_IMAGE'];
  if (image) return { kind: 'given', kubeconfig, image };
  throw new Error(`KUBECONFIG is ${kubeconfig}, so the demo runs on that cluster.
Set CHATCLUSTER_IMAGE to an image of ChatCluster that the cluster can pull or has, for example one of
  docker build --tag REGISTRY/chatcluster:dev . && docker push REGISTRY/chatcluster:dev
or unset KUBECONFIG for a cluster on this machine.`);
}
