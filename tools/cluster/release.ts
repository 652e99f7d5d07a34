import { join } from 'node:path';
import type { Access } from './access.ts';
import { CHAT_IMAGE } from './chat-image.ts';
import { REPOSITORY } from './layout.ts';

/** The operator's Helm release. */
export const RELEASE = { name: 'chatcluster', namespace: 'chatcluster-system' } as const;

const CHART = join(REPOSITORY, 'charts/chatcluster');

/**
 * Installs the operator with the chart, or brings it to this checkout's version, and waits until it works.
 * @param logLevel at `debug` it logs each decision of the autoscaler
 */
export async function installOperator(
  access: Access,
  image: string = CHAT_IMAGE,
  logLevel: 'info' | 'debug' = 'info',
): Promise<void> {
  const colon = image.lastIndexOf(':');
  const values = { 'image.repository': image.slice(0, colon), 'image.tag': image.slice(colon + 1), logLevel };
  await access.helm([
    ...['upgrade', '--install', RELEASE.name, CHART, '--namespace', RELEASE.namespace, '--create-namespace'],
    ...Object.entries(values).flatMap(([name, value]) => ['--set', `${name}=${value}`]),
    ...['--wait', '--timeout', '3m'],
  ]);
}

/** Leaves the CustomResourceDefinition, and with it every ChatCluster. */
export async function uninstallOperator(access: Access): Promise<void> {
  await access.helm(['uninstall', RELEASE.name, '--namespace', RELEASE.namespace, '--wait', '--timeout', '2m']);
}
