import type { ChatCluster } from '../../../operator/api/chat-cluster.ts';
import type { Choices, WantedRevision } from '../../../operator/desired/choices.ts';
import { revisionOf } from '../../../operator/desired/revision.ts';

/** Time of all choices. */
export const CHOSEN_AT = new Date('2026-01-01T12:00:00Z');

/** A Deployment of the revision of the spec, with what the operator makes. */
export function wantedRevision(cluster: ChatCluster, change: Partial<WantedRevision> = {}): WantedRevision {
  return {
    revision: revisionOf(cluster, 'gateway'),
    replicas: 2,
    targetedAt: CHOSEN_AT,
    stopped: '',
    workersBefore: '',
    template: undefined,
    ...change,
  };
}

/** Choices of the operator for a ChatCluster whose only revision serves. */
export function choicesFor(cluster: ChatCluster, change: Partial<Choices> = {}): Choices {
  return {
    defaultImage: 'example.com/chat:1',
    revisions: [wantedRevision(cluster)],
    serving: revisionOf(cluster, 'gateway'),
    servingSince: CHOSEN_AT,
    firstFamilies: new Map(),
    workers: {
      replicas: cluster.spec.worker.replicas,
      revision: revisionOf(cluster, 'worker'),
      template: undefined,
      shared: new Set(),
    },
    ...change,
  };
}
