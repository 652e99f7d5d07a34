import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../support/until.ts';
import { clusterBinaries } from './binaries.ts';
import { COMPONENTS, kubectlInside } from './components.ts';
import { writeAccess, writeConfiguration } from './configuration.ts';
import { forwardApi } from './forward.ts';
import { CLUSTER_TOOLS, ensureTools } from './host.ts';
import { INSIDE, type Layout, NETWORK, NODE_NAME } from './layout.ts';
import { loadProgram } from './load-image.ts';
import { execInside, holderOf, makeNamespaces, startInside } from './namespaces.ts';
import { PAUSE_IMAGE } from './node-config.ts';
import { makeCertificates } from './pki.ts';
import { stopCluster } from './stop.ts';
import { makeVolumes } from './volumes.ts';

const HERE = dirname(fileURLToPath(import.meta.url));
const READY_MS = 120_000;

/**
 * Brings the cluster up, from nothing or from an unclean stop; one that works already is left alone.
 * @param say is told what happens, a line at a time
 * @throws naming the component that did not come up, and its log
 */
export async function startCluster(layout: Layout, say: (line: string) => void): Promise<'started' | 'was running'> {
  await ensureTools(CLUSTER_TOOLS);
  const binaries = await clusterBinaries();
  if (await nodeIsReady(layout)) {
    writeAccess(layout, binaries, await forwardApi(layout));
    return 'was running';
  }
  await stopCluster(layout);
  rmSync(layout.log, { recursive: true, force: true });
  mkdirSync(layout.log, { recursive: true });
  await makeCertificates(layout);
  writeConfiguration(layout);
  await makeNamespaces(layout, join(binaries, 'pause'));
  const setup = [layout.dir, binaries, layout.cgroup, NETWORK.node, NETWORK.services];
  await execInside(layout, ['bash', join(HERE, 'node-setup.sh'), ...setup]);
  const manifest = `${readFileSync(join(HERE, 'manifests/dns.yaml'), 'utf8')}\n---\n${makeVolumes(layout)}`;
  for (const { name, command, ready } of COMPONENTS) {
    await startInside(layout, name, command);
    if (!ready) continue;
    await until(`${name} works (its log: ${layout.log}/${name}.log)`, () => succeeds(layout, ready), {
      ms: READY_MS,
      pollMs: 100,
    });
    say(`${name} works`);
  }
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

async function nodeIsReady(layout: Layout): Promise<boolean> {
  if (holderOf(layout) === null) return false;
  const wait = [...kubectlInside, 'wait', '--for=condition=Ready', '--timeout=5s', `node/${NODE_NAME}`];
  return succeeds(layout, wait);
}

function succeeds(layout: Layout, command: readonly string[]): Promise<boolean> {
  return execInside(layout, command).then(
    () => true,
    () => false,
  );
}

async function apply(layout: Layout, manifest: string): Promise<void> {
  writeFileSync(join(layout.config, 'cluster.yaml'), manifest);
  await execInside(layout, [...kubectlInside, 'apply', '-f', `${INSIDE.state}/config/cluster.yaml`]);
}
