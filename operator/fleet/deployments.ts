import type { KubeObject } from '../api/kube-object.ts';
import type { PodProblem } from './pod-problem.ts';

/** What Kubernetes' own controller says of a Deployment. */
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

/** Characters of the API server's sentence that are kept: a webhook may say anything. */
const MOST = 300;

const conditionOf = ({ status }: Deployment, type: string) =>
  status?.conditions?.find(condition => condition.type === type);

/** Why pods of one of `deployments` cannot be created: by a quota, a LimitRange, an admission policy or a webhook. */
export function refusedPods(deployments: readonly Deployment[]): PodProblem | undefined {
  const [message] = deployments
    .flatMap(deployment => {
      const failure = conditionOf(deployment, 'ReplicaFailure');
      return failure?.status === 'True' ? [failure.message ?? failure.reason ?? ''] : [];
    })
    // Each try has a name of its own.
    .map(text => text.replace(/^pods? "[^"]*" is forbidden: /i, '').replace(/\b(pods?) "[^"]*"/gi, '$1'))
    .sort();
  return message === undefined
    ? undefined
    : { reason: 'PodsRefused', message: `pods cannot be created: ${message.slice(0, MOST)}` };
}

/** How far a Deployment's pods are of its template. */
export interface Update {
  readonly isComplete: boolean;
  /** Whether it has made no progress for as long as its own deadline; what it says of it. */
  readonly stalled: string;
  readonly updated: number;
}

/** @param isCurrent whether it is of the wanted revision */
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
