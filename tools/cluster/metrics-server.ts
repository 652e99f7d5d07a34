import { copyFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { metricsServerBinary } from './binaries.ts';
import { kubectlInside } from './components.ts';
import { INSIDE, type Layout } from './layout.ts';
import { loadProgram } from './load-image.ts';
import { execInside } from './namespaces.ts';

const FILE = 'metrics-server.yaml';
const MANIFEST = join(dirname(fileURLToPath(import.meta.url)), 'manifests', FILE);

/**
 * Gives the running cluster the API `metrics.k8s.io`, built from source, and waits until it answers. The usage of a pod
 * is known some 20 s after its start. A second call changes nothing.
 * @param say receives each step, a line at a time
 * @throws when it does not come up
 */
export async function addMetricsServer(layout: Layout, say: (line: string) => void): Promise<void> {
  await loadProgram(layout, {
    name: 'localhost/metrics-server:1',
    program: await metricsServerBinary(),
    entrypoint: ['/metrics-server'],
  });
  await kubectl(layout, 'apply', '-f', manifestInside(layout));
  // Without it, everything that reads the list of all APIs fails, the removal of a namespace too.
  await kubectl(layout, 'wait', '--for=condition=Available', '--timeout=90s', 'apiservice/v1beta1.metrics.k8s.io');
  say('metrics-server works');
}

/** Removes it and its API; none is an answer too. */
export async function removeMetricsServer(layout: Layout): Promise<void> {
  await kubectl(layout, 'delete', '--ignore-not-found', '-f', manifestInside(layout));
}

function manifestInside(layout: Layout): string {
  copyFileSync(MANIFEST, join(layout.config, FILE));
  return `${INSIDE.state}/config/${FILE}`;
}

async function kubectl(layout: Layout, ...args: readonly string[]): Promise<void> {
  await execInside(layout, [...kubectlInside, ...args]);
}
