import type { ChatCluster, ChatClusterStatus } from '../api/chat-cluster.ts';
import type { KubeObject, Pod } from '../api/kube-object.ts';
import type { Decision } from '../autoscale/decide.ts';
import { childName, identityOf, instanceOf, selectorText } from '../desired/names.ts';
import type { Backends } from './backends.ts';
import {
  type ConditionType,
  dated,
  type Fleet,
  gatewaysAvailable,
  messagingReachable,
  ready,
  scalingActive,
  storeReachable,
  type WriteFailure,
} from './conditions.ts';
import { worstProblem } from './pod-problem.ts';

export interface StatusInput {
  readonly cluster: ChatCluster;
  readonly children: readonly KubeObject[];
  readonly gatewayPods: readonly Pod[];
  readonly workerPods: readonly Pod[];
  readonly desiredGateways: number;
  readonly image: string;
  /** undefined until the workers have been asked once */
  readonly backends: Backends | undefined;
  /** undefined when autoscaling is disabled */
  readonly decision: Decision | undefined;
  readonly failure: WriteFailure | undefined;
  /** Client connections, if known and if it is time to say a new number. */
  readonly connections: number | undefined;
  /** The wall's time. */
  readonly now: Date;
}

/** Two significant digits: enough for a person, and it rarely changes. */
export function roundConnections(connections: number): number {
  return Number(connections.toPrecision(2));
}

interface Counted extends KubeObject {
  readonly status?: { readonly replicas?: number; readonly readyReplicas?: number };
}

function fleet(deployment: Counted | undefined, desired: number, pods: readonly Pod[]): Fleet {
  return {
    desired,
    replicas: deployment?.status?.replicas ?? 0,
    ready: deployment?.status?.readyReplicas ?? 0,
    problem: worstProblem(pods),
  };
}

interface ServiceObject extends KubeObject {
  readonly status?: {
    readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] };
  };
}

function urlOf({ metadata, spec }: ChatCluster, service: ServiceObject | undefined): string {
  const [ingress] = service?.status?.loadBalancer?.ingress ?? [];
  const outside = ingress?.hostname ?? (ingress?.ip?.includes(':') ? `[${ingress.ip}]` : ingress?.ip);
  const host = outside ?? `${childName.clientService(metadata.name)}.${metadata.namespace}.svc`;
  return spec.service.port === 80 ? `http://${host}` : `http://${host}:${spec.service.port}`;
}

/**
 * The status of a ChatCluster: a function of what is observed. It holds no time but that of the last change of a
 * condition, so that an idle pass makes the same status again.
 */
export function status(input: StatusInput): ChatClusterStatus {
  const { cluster, children, backends } = input;
  const { metadata, spec } = cluster;
  const find = (kind: string, name: string) =>
    children.find(child => child.kind === kind && child.metadata.name === name);
  const gateways = fleet(
    find('Deployment', childName.deployment(metadata.name, 'gateway')),
    input.desiredGateways,
    input.gatewayPods,
  );
  const workers = fleet(
    find('Deployment', childName.deployment(metadata.name, 'worker')),
    spec.worker.replicas,
    input.workerPods,
  );
  const previous = cluster.status?.conditions ?? [];
  const available = gatewaysAvailable(gateways);
  const before = (type: ConditionType) => previous.find(condition => condition.type === type);
  const reach = [
    messagingReachable(backends, before('MessagingReachable')),
    storeReachable(backends, before('StoreReachable')),
  ];
  const scaling = scalingActive(input.decision, before('ScalingActive'));
  const verdicts = [ready(available, gateways, workers, reach, input.failure), available, ...reach, scaling];
  const held = cluster.status?.gateways?.connections;
  const connections = input.connections === undefined ? held : roundConnections(input.connections);
  return {
    observedGeneration: metadata.generation,
    identity: identityOf(cluster),
    instance: instanceOf(cluster),
    image: input.image,
    url: urlOf(cluster, find('Service', childName.clientService(metadata.name))),
    selector: selectorText(metadata.name, 'gateway'),
    gateways: {
      replicas: gateways.replicas,
      readyReplicas: gateways.ready,
      desiredReplicas: gateways.desired,
      ...(connections === undefined ? {} : { connections }),
    },
    workers: { replicas: workers.replicas, readyReplicas: workers.ready },
    conditions: dated(verdicts, previous, metadata.generation, input.now),
  };
}
