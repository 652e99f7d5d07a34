import type { ChatCluster } from '../api/chat-cluster.ts';
import { child, type DesiredObject } from './child.ts';
import { type Component, TEMPLATE_ANNOTATION } from './names.ts';

/** Parts in which the Deployments of the components differ. */
export interface DeploymentBody {
  readonly name: string;
  readonly replicas: number;
  readonly revisionHistoryLimit: number;
  /** Immutable in the API. */
  readonly matchLabels: Readonly<Record<string, string>>;
  /** Never changes while the Deployment's revision does not. */
  readonly template: object;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The Deployment of one component, with its template as it was made in an annotation. */
export function deployment(cluster: ChatCluster, component: Component, body: DeploymentBody): DesiredObject {
  const { name, replicas, revisionHistoryLimit, matchLabels, template, annotations } = body;
  const spec = {
    replicas,
    revisionHistoryLimit,
    selector: { matchLabels },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    template,
  };
  return child(
    cluster,
    { apiVersion: 'apps/v1', kind: 'Deployment', name, component, spec },
    { ...annotations, [TEMPLATE_ANNOTATION]: JSON.stringify(template) },
  );
}
