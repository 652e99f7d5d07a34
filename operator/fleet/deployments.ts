import type { KubeObject } from '../api/kube-object.ts';
import type { PodProblem } from './pod-problem.ts';

/** A Deployment with the status that Kubernetes' controller gives it. */
export interface Deployment extends KubeObject {
  readonly spec?: { readonly replicas?: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly readyReplicas?: number;
    readonly updatedReplicas?: number;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
  };
}

/** Longest quote of the API server, in characters: a webhook may answer anything. */
const MOST = 300;

const conditionOf = ({ status }: Deployment, type: string) =>
  status?.conditions?.find(condition => condition.type === type);

/**
 * Problem because of which pods of `deployments` cannot be created, such as a quota, a LimitRange, an admission policy or a
 * webhook; undefined when there is none.
 */
export function refusedPods(deployments: readonly Deployment[]): PodProblem | undefined {
  const [message] = deployments
    .flatMap(deployment => {
      const failure = conditionOf(deployment, 'ReplicaFailure');
      return failure?.status === 'True' ? [failure.message ?? failure.reason ?? ''] : [];
    })
    // Each attempt has another pod name, which is dropped.
    .map(text => text.replace(/^pods? "[^"]*" is forbidden: /i, '').replace(/\b(pods?) "[^"]*"/gi, '$1'))
    .sort();
  return message === undefined
    ? undefined
    : { reason: 'PodsRefused', message: `pods cannot be created: ${message.slice(0, MOST)}` };
}

/** Progress of a Deployment's pods towards its template. */
export interface Update {
  readonly isComplete: boolean;
  /** Message of the controller if there was no progress for the Deployment's own deadline; else empty. */
  readonly stalled: string;
  readonly updated: number;
}

/** Progress of a Deployment. @param isCurrent true if it has the wanted revision */
export function updateOf(deployment: Deployment | undefined, isCurrent: boolean): Update {
  const { metadata, spec, status } = deployment ?? {};
  const wanted = spec?.replicas ?? 0;
  const isSeen = (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0);
  const updated = isCurrent && isSeen ? (status?.updatedReplicas ?? 0) : 0;
  const progress = deployment && isSeen ? conditionOf(deployment, 'Progressing') : undefined;
  return {
    isComplete:
      deployment !== undefined && isCurrent && isSeen && updated >= wanted && (status?.replicas ?? 0) <= updated,
    stalled: progress?.reason === 'ProgressDeadlineExceeded' ? (progress.message ?? 'no progress') : '',
    updated,
  };
}
