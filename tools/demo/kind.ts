import { join } from 'node:path';
import { chatImageName } from '../cluster/chat-image.ts';
import { REPOSITORY } from '../cluster/layout.ts';
import { stdoutOf } from '../cluster/stdout.ts';
import { CACHE } from '../local/build-once.ts';
import { longStep } from '../local/run.ts';
import { requirePrograms } from './programs.ts';

/** Name of the cluster in kind: `kind delete cluster --name chatcluster` removes it. */
const NAME = 'chatcluster';

/** A cluster with the image in it. */
export interface KindCluster {
  readonly kubeconfig: string;
  readonly image: string;
}

/**
 * Makes a cluster of kind, unless it exists, builds the image with Docker and loads it into the cluster. Its kubeconfig is a
 * file of its own: the current context of the user stays as it is.
 * @throws naming what is missing: the programs `docker`, `kind`, `kubectl` and `helm`, and a Docker daemon that answers
 */
export async function kindCluster(): Promise<KindCluster> {
  await checkKind();
  const kubeconfig = join(CACHE, 'kind.kubeconfig');
  const of = ['--name', NAME, '--kubeconfig', kubeconfig];
  const existing = (await stdoutOf('kind', ['get', 'clusters']))?.split('\n') ?? [];
  if (existing.includes(NAME))
    await longStep('reading the kubeconfig of the kind cluster', 'kind', ['export', 'kubeconfig', ...of]);
  else await longStep('creating a kind cluster', 'kind', ['create', 'cluster', ...of, '--wait', '3m']);
  const image = chatImageName();
  await longStep(`building the image ${image}`, 'docker', ['build', '--tag', image, REPOSITORY]);
  await longStep(`loading ${image} into the cluster`, 'kind', ['load', 'docker-image', image, '--name', NAME]);
  return { kubeconfig, image };
}

async function checkKind(): Promise<void> {
  await requirePrograms('--kind', ['docker', 'kind', 'kubectl', 'helm']);
  if ((await stdoutOf('docker', ['info', '--format', '{{.ServerVersion}}'])) === null)
    throw new Error('--kind needs a Docker daemon, and `docker info` reached none');
}
