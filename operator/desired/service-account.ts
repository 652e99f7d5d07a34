import { child } from './child.ts';
import type { Builder } from './choices.ts';
import { childName } from './names.ts';

/** The ServiceAccount of all pods, without rights; none where the spec names one. */
export const serviceAccount: Builder = cluster => {
  if (cluster.spec.serviceAccountName !== undefined) return [];
  const name = childName.serviceAccount(cluster.metadata.name);
  return [child(cluster, { apiVersion: 'v1', kind: 'ServiceAccount', name, automountServiceAccountToken: false })];
};
