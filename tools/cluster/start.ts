import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clusterBinaries } from './binaries.ts';
import { CONTAINERD, CONTROL_PLANE, kubectlInside, nodeAgents } from './components.ts';
import { writeAccess, writeControlPlaneConfiguration, writeNodeConfiguration } from './configuration.ts';
import { forwardApi } from './forward.ts';
import { CLUSTER_TOOLS, ensureTools } from './host.ts';
import { INSIDE, type Layout } from './layout.ts';
import { loadProgram } from './load-image.ts';
import { execInside } from './namespaces.ts';
import { makeNode, nodeIsReady, startComponents, untilNodeIsReady } from './node.ts';
import { PAUSE_IMAGE } from './node-config.ts';
import { makeCertificates } from './pki.ts';
import { stopCluster } from './stop.ts';
import { makeVolumes } from './volumes.ts';

const HERE = dirname(fileURLToPath(import.meta.url));

/**
 * Brings the cluster up, from nothing or from an unclean stop; one that works already is left alone.
 * @param say receives each step, a line at a time
 * @throws naming the component that did not come up, and its log
 */
export async function startCluster(layout: Layout, say: (line: string) => void): Promise<'started' | 'was running'> {
  await ensureTools(CLUSTER_TOOLS);
  const binaries = await clusterBinaries();
  if (await nodeIsReady(layout, layout)) {
    writeAccess(layout, binaries, await forwardApi(layout));
    return 'was running';
  }
  await stopCluster(layout);
  await makeCertificates(layout);
  writeControlPlaneConfiguration(layout);
  writeNodeConfiguration(layout);
  await makeNode(layout, binaries);
  const manifest = `${readFileSync(join(HERE, 'manifests/dns.yaml'), 'utf8')}\n---\n${makeVolumes(layout)}`;
  await startComponents(layout, [CONTAINERD, ...CONTROL_PLANE, ...nodeAgents(layout)], say);
  await untilNodeIsReady(layout, layout);
  say(`${layout.name} is ready`);
  await loadProgram(layout, { name: PAUSE_IMAGE, program: join(binaries, 'pause'), entrypoint: ['/pause'] });
  await loadProgram(layout, {
    name: 'localhost/coredns:1',
    program: join(binaries, 'coredns'),
    entrypoint: ['/coredns'],
  });
  await apply(layout, manifest);
  const rollout = ['--namespace=kube-system', 'rollout', 'status', '--timeout=60s', 'deployment/coredns'];
  await execInside(layout, [...kubectlInside, ...rollout]);
  say('DNS works');
  writeAccess(layout, binaries, await forwardApi(layout));
  return 'started';
}

async function apply(layout: Layout, manifest: string): Promise<void> {
  writeFileSync(join(layout.config, 'cluster.yaml'), manifest);
  await execInside(layout, [...kubectlInside, 'apply', '-f', `${INSIDE.state}/config/cluster.yaml`]);
}
