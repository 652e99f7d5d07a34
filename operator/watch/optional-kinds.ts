import { RESOURCES } from '../kube/resources.ts';

/**
 * Kinds the operator does without where it has no right on them, and what is lost then. All others it needs: without its
 * children, the pods, or what is offered to clients it would decide on what it does not know.
 */
export const OPTIONAL_KINDS: Readonly<Record<string, string>> = {
  [RESOURCES.serviceAccounts.kind]: 'service accounts of gateways and workers are neither made nor put back',
  [RESOURCES.podDisruptionBudgets.kind]: 'gateways are not protected against being evicted together',
  [RESOURCES.horizontalPodAutoscalers.kind]: 'foreign autoscalers of gateways are not noticed',
  [RESOURCES.nodes.kind]: 'gateways are not drained before their node goes',
};
