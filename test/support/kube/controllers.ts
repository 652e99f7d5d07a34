import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { clusterBinaries } from '../../../tools/cluster/binaries.ts';
import { startChild } from '../../../tools/local/child.ts';
import type { ApiServer } from './api-server.ts';

/** Kubernetes' controllers that make pods of Deployments and EndpointSlices of Services, count for disruption budgets, and collect garbage. */
const CONTROLLERS = ['deployment', 'replicaset', 'endpointslice', 'disruption', 'garbage-collector'];

/** Starts Kubernetes' own controllers for `api`; the test's end stops them. */
export async function startControllers(t: Pick<TestContext, 'after'>, api: ApiServer): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'chatcluster-controllers-'));
  const kubeconfig = join(dir, 'kubeconfig');
  writeFileSync(kubeconfig, api.kubeconfig('admin'));
  const child = await startChild(join(await clusterBinaries(), 'kube-controller-manager'), [
    ...['--kubeconfig', kubeconfig, '--leader-elect=false', '--secure-port', '0'],
    ...['--controllers', CONTROLLERS.map(name => `${name}-controller`).join(',')],
    ...['--kube-api-qps', '200', '--kube-api-burst', '400'],
  ]);
  t.after(async () => {
    await child.kill();
    rmSync(dir, { recursive: true, force: true });
  });
}
