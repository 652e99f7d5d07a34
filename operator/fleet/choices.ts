import type { ChatCluster } from '../api/chat-cluster.ts';
import type { KubeObject } from '../api/kube-object.ts';
import { firstFamilies } from '../desired/address-families.ts';
import type { Choices, WantedRevision } from '../desired/choices.ts';
import {
  REVISION_ANNOTATION,
  REVISION_LABEL,
  STOPPED_ANNOTATION,
  TARGETED_ANNOTATION,
  WORKERS_BEFORE_ANNOTATION,
} from '../desired/names.ts';
import { revisionOf } from '../desired/revision.ts';
import { hasStreamReplicasOf } from '../desired/worker.ts';
import { sharedVariables } from '../desired/worker-options.ts';
import type { FleetInput, FleetPlan } from './fleet.ts';
import { isOfChat } from './instance.ts';
import { type DeploymentObject, gatewayDeployments, templateOf, workerDeployment } from './observe.ts';
import { workersBefore, workersKept } from './workers-before.ts';

/** Image of the first container in a pod template. */
export function imageIn(template: object | undefined): string | undefined {
  const { spec } = (template ?? {}) as { spec?: { containers?: readonly { image?: string }[] } };
  return spec?.containers?.[0]?.image;
}

function wantedRevision(
  { revision, replicas, targetedAt }: FleetPlan['revisions'][number],
  plan: FleetPlan,
  actual: DeploymentObject | undefined,
  before: string,
): WantedRevision {
  const annotations = actual?.metadata.annotations;
  const since = new Date(targetedAt);
  // The revision is wanted anew, so an earlier stop does not count.
  const again = annotations?.[TARGETED_ANNOTATION] !== since.toISOString();
  const earlier = again ? '' : (annotations?.[STOPPED_ANNOTATION] ?? '');
  return {
    revision,
    replicas,
    targetedAt: since,
    stopped: revision === plan.target && plan.stop !== '' ? plan.stop : earlier,
    // The only revision cannot be undone.
    workersBefore:
      plan.revisions.length === 1 ? '' : actual ? (annotations?.[WORKERS_BEFORE_ANNOTATION] ?? '') : before,
    template: actual && templateOf(actual),
  };
}

/** Choices the children are built from: the fleet plan, and earlier choices that still stand. */
export function choicesOf(
  cluster: ChatCluster,
  children: readonly KubeObject[],
  plan: FleetPlan,
  input: Pick<FleetInput, 'serving' | 'movedAt' | 'wall'>,
  given: { readonly defaultImage: string; readonly workerReplicas: number },
): Choices {
  const gateways = gatewayDeployments(cluster, children);
  const actual = new Map(gateways.map(object => [object.metadata.labels?.[REVISION_LABEL], object]));
  const workers = workerDeployment(cluster, children);
  const before = workersBefore(cluster, gateways, workers, input.serving);
  const kept = workersKept(cluster, gateways, workers, plan.target);
  const current = revisionOf(cluster, 'worker');
  const made = workers && templateOf(workers);
  const isCurrent =
    workers?.metadata.annotations?.[REVISION_ANNOTATION] === current &&
    isOfChat(cluster, workers) &&
    hasStreamReplicasOf(cluster, made);
  const hasMoved = input.serving !== undefined && input.serving !== plan.serving;
  return {
    defaultImage: given.defaultImage,
    revisions: plan.revisions.map(wanted => wantedRevision(wanted, plan, actual.get(wanted.revision), before)),
    serving: plan.serving,
    servingSince: new Date(hasMoved ? input.wall : input.movedAt),
    firstFamilies: firstFamilies(children),
    workers: {
      replicas: given.workerReplicas,
      revision: kept?.revision ?? current,
      template: kept?.template ?? (isCurrent ? made : undefined),
      shared: sharedVariables(cluster, children),
    },
  };
}
