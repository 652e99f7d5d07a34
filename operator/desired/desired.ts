import type { ChatCluster } from '../api/chat-cluster.ts';
import type { DesiredObject } from './child.ts';
import type { Builder, Choices } from './choices.ts';
import { disruptionBudgets } from './disruption-budget.ts';
import { gatewayOptions, gateways } from './gateway.ts';
import { serviceAccount } from './service-account.ts';
import { clientService, gatewaysService } from './services.ts';
import { workerOptions, workers } from './worker.ts';

/**
 * Builders of all children, in the order in which the objects are written: what pods refer to comes before the pods, gateways
 * before workers. None makes a Secret: the operator has no right to read or write one.
 */
const BUILDERS: readonly Builder[] = [
  serviceAccount,
  gatewayOptions,
  gatewaysService,
  gateways,
  clientService,
  disruptionBudgets,
  workerOptions,
  workers,
];

/**
 * All children of a ChatCluster, in the order in which they are written. Pure.
 * @param builders for tests
 */
export function desired(
  cluster: ChatCluster,
  choices: Choices,
  builders: readonly Builder[] = BUILDERS,
): DesiredObject[] {
  return builders.flatMap(build => build(cluster, choices));
}
