/**
 * Records what the workers ran before a revision, so that undoing the revision also undoes the workers. The record is on
 * the Deployment of the gateways that come with the revision: the one before may have been made by an operator that does
 * not know of it.
 */
import type { ChatCluster } from '../api/chat-cluster.ts';
import type { KubeObject } from '../api/kube-object.ts';
import { REVISION_ANNOTATION, REVISION_LABEL, UNDO_ANNOTATION, WORKERS_BEFORE_ANNOTATION } from '../desired/names.ts';
import { revisionOf } from '../desired/revision.ts';
import { optionsIn } from '../desired/worker-options.ts';
import { type DeploymentObject, gatewayDeployments, templateOf } from './observe.ts';

/** A pod template of the workers and the revision it was made for. */
export interface WorkersMade {
  readonly revision: string;
  readonly template: object;
}

function noted({ metadata }: KubeObject): WorkersMade | undefined {
  try {
    const value = JSON.parse(metadata.annotations?.[WORKERS_BEFORE_ANNOTATION] ?? 'null') as WorkersMade | null;
    return typeof value?.revision === 'string' && typeof value.template === 'object' ? value : undefined;
  } catch {
    return undefined;
  }
}

function running(workers: DeploymentObject | undefined): WorkersMade | undefined {
  const revision = workers?.metadata.annotations?.[REVISION_ANNOTATION];
  const template = workers && templateOf(workers);
  return revision === undefined || template === undefined ? undefined : { revision, template };
}

/**
 * True if a person undid the revision of the spec and there is another one. @param target revision that clients should
 * reach
 */
export function isUndone(cluster: ChatCluster, target: string): boolean {
  const revision = revisionOf(cluster, 'gateway');
  return cluster.metadata.annotations?.[UNDO_ANNOTATION] === revision && target !== revision;
}

/**
 * Pod template the workers run although the spec says otherwise, because its revision was undone: the one they ran before.
 * It stays until the spec has another revision.
 */
export function workersKept(
  cluster: ChatCluster,
  gateways: readonly DeploymentObject[],
  workers: DeploymentObject | undefined,
  target: string,
): WorkersMade | undefined {
  const made = running(workers);
  if (!made || !isUndone(cluster, target)) return undefined;
  const undone = gateways.find(({ metadata }) => revisionIn(metadata) === revisionOf(cluster, 'gateway'));
  const before = undone && noted(undone);
  return made.revision === revisionOf(cluster, 'worker') ? (before ?? made) : made;
}

const revisionIn = ({ labels }: KubeObject['metadata']) => labels?.[REVISION_LABEL];

/**
 * Record for the Deployment of a new revision; empty if the workers do not change with it. If another revision was on its
 * way and never served, the record is the template from before that one.
 * @param serving revision the client Service selects
 */
export function workersBefore(
  cluster: ChatCluster,
  gateways: readonly DeploymentObject[],
  workers: DeploymentObject | undefined,
  serving: string | undefined,
): string {
  const current = revisionOf(cluster, 'worker');
  const [earlier] = gateways
    .filter(({ metadata }) => revisionIn(metadata) !== serving)
    .flatMap(each => noted(each) ?? []);
  const made = earlier ?? running(workers);
  return made && made.revision !== current ? JSON.stringify(made) : '';
}

/** Names of the ConfigMaps that an undo may need for the workers. */
export function optionsNoted(cluster: ChatCluster, children: readonly KubeObject[]): string[] {
  return gatewayDeployments(cluster, children).flatMap(each => optionsIn(noted(each)?.template) ?? []);
}
