import { child, labelled } from './child.ts';
import type { Builder } from './choices.ts';
import { childName, servingLabels } from './names.ts';

/**
 * A budget for each revision of the gateways: one gateway at a time is evicted, whether it takes clients or is being drained,
 * and one that is not ready at any time, because it starts or ends. With one budget for two revisions, new gateways that are
 * not ready yet would use up what lets a node with old ones be drained.
 */
export const disruptionBudgets: Builder = (cluster, { revisions }) =>
  revisions.map(({ revision }) => {
    const { name } = cluster.metadata;
    const budget = child(cluster, {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      name: childName.disruptionBudget(name, revision),
      component: 'gateway',
      spec: {
        maxUnavailable: 1,
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
        selector: { matchLabels: servingLabels(name, revision) },
      },
    });
    return labelled(budget, revision);
  });
