import { type Access, clusterAccess } from '../cluster/access.ts';
import { buildBackendImages, loadBackendImages } from '../cluster/backend-images.ts';
import { buildChatImage } from '../cluster/chat-image.ts';
import { CLUSTER_TOOLS, ensureTools, IMAGE_TOOLS, whyNoCluster } from '../cluster/host.ts';
import { LOCAL } from '../cluster/layout.ts';
import { loadBuilt } from '../cluster/load-image.ts';
import { startCluster } from '../cluster/start.ts';
import { checkPrerequisites, DEMO_PREREQUISITES } from '../local/prerequisites.ts';
import { forecast, localLanes } from './forecast.ts';
import { kindCluster } from './kind.ts';
import { requirePrograms } from './programs.ts';
import type { Target } from './target.ts';

/** A cluster that runs, and an image of ChatCluster it has or can pull. */
export interface DemoCluster {
  readonly access: Access;
  readonly image: string;
}

/**
 * Brings up, or finds, the cluster of the demo.
 * @param say receives each step, a line at a time
 * @throws naming all that is missing on this machine
 */
export async function demoCluster(target: Target, say: (line: string) => void): Promise<DemoCluster> {
  if (target.kind === 'local') return localCluster(say);
  say(`1/5 cluster: ${target.kind === 'kind' ? 'kind' : `the current context of KUBECONFIG=${target.kubeconfig}`}`);
  if (target.kind === 'given') await requirePrograms('a cluster of KUBECONFIG', ['kubectl', 'helm']);
  const { kubeconfig, image } = target.kind === 'kind' ? await kindCluster() : target;
  const access = clusterAccess({ ...process.env, CHATCLUSTER_KUBECONFIG: kubeconfig });
  const server = await access.kubectl([
    'config',
    'view',
    '--minify',
    '--output=jsonpath={.clusters[0].cluster.server}',
  ]);
  const { gitVersion } = JSON.parse(await access.kubectl(['get', '--raw', '/version'])) as { gitVersion: string };
  say(`${server} is Kubernetes ${gitVersion}`);
  say(`2/5 images: ${image}, and those of NATS and MongoDB, which the cluster pulls`);
  return { access, image };
}

async function localCluster(say: (line: string) => void): Promise<DemoCluster> {
  const problems = await checkPrerequisites(DEMO_PREREQUISITES);
  const noCluster = whyNoCluster(process.platform, process.getuid?.());
  if (noCluster !== null) problems.push(noCluster);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  const tools = [...CLUSTER_TOOLS, ...IMAGE_TOOLS];
  await ensureTools(tools);
  say(`0/5 prerequisites are there: ${tools.map(({ program }) => program).join(', ')}`);
  say(`built once and kept in .cache:\n${forecast(await localLanes())}`);
  say('1/5 cluster, and the images beside it');
  // While Go compiles, the images wait for downloads and for steps of one thread: together they take less time.
  const [, image] = await Promise.all([startCluster(LOCAL, say), buildImages()]);
  say('2/5 images');
  await loadBuilt(LOCAL, image);
  await loadBackendImages(LOCAL);
  return { access: clusterAccess({ ...process.env, CHATCLUSTER_KUBECONFIG: '' }), image };
}

/** Builds the images one after the other, since they share a base. @returns the name of the image of ChatCluster */
async function buildImages(): Promise<string> {
  const image = await buildChatImage();
  await buildBackendImages();
  return image;
}
