import { TRAFFIC_ANNOTATION, type TrafficIntent } from '../../server/contract.ts';
import type { ChatCluster } from '../api/chat-cluster.ts';
import { type Endpoint, isReady, isRunning, type KubeObject, type Pod } from '../api/kube-object.ts';
import { trafficOf } from '../api/traffic.ts';
import {
  CONTINUE_ANNOTATION,
  childName,
  MOVED_ANNOTATION,
  REVISION_LABEL,
  STOPPED_ANNOTATION,
  TARGETED_ANNOTATION,
} from '../desired/names.ts';
import type { FirstSeen } from '../first-seen.ts';
import { ALL_REVISIONS, type FleetPod, type FleetRevision } from './fleet.ts';

/** What the watches and probes hold of the gateways of one ChatCluster. */
export interface Sighting {
  readonly cluster: ChatCluster;
  readonly children: readonly KubeObject[];
  readonly pods: readonly Pod[];
  /** Of the client Service. */
  readonly endpoints: readonly Endpoint[];
  /** By pod name, for those that no slice offers, by the clock of {@link now}. */
  readonly unofferedSince: ReadonlyMap<string, number>;
  readonly leavingNodes: ReadonlySet<string>;
  /** By pod name; those that did not say are missing. */
  readonly connections: ReadonlyMap<string, number>;
  /** True if each reaches NATS, by pod name; those that did not say are missing. */
  readonly natsUp: ReadonlyMap<string, boolean>;
  readonly firstSeen: FirstSeen;
  /** Milliseconds that never run backwards. */
  readonly now: number;
}

export interface DeploymentObject extends KubeObject {
  readonly spec?: { readonly replicas?: number; readonly template?: object };
}
interface ServiceObject extends KubeObject {
  readonly spec?: { readonly selector?: Readonly<Record<string, string>> };
}

const time = (text: string | undefined) => (text === undefined ? 0 : Date.parse(text) || 0);

/** What somebody else wrote there: an intent nobody has, so that it is taken away. */
const NOBODYS: TrafficIntent = { reason: 'Rebalance', since: '' };

function fleetPod(pod: Pod, sighting: Sighting, offered: ReadonlySet<string>): FleetPod {
  const { metadata, spec } = pod;
  const intent = trafficOf(pod);
  const text = metadata.annotations?.[TRAFFIC_ANNOTATION];
  const running = isRunning(pod, 'gateway');
  return {
    name: metadata.name,
    revision: metadata.labels?.[REVISION_LABEL] ?? '',
    scheduled: spec?.nodeName !== undefined,
    running,
    ready: isReady(pod),
    terminating: metadata.deletionTimestamp !== undefined,
    offered: offered.has(metadata.name),
    unofferedSince: sighting.unofferedSince.get(metadata.name),
    nodeLeaving: spec?.nodeName !== undefined && sighting.leavingNodes.has(spec.nodeName),
    intent: intent === null ? NOBODYS : intent,
    intentSince:
      text === undefined ? undefined : sighting.firstSeen.since(`intent of ${metadata.name}`, text, sighting.now),
    connections: running ? sighting.connections.get(metadata.name) : 0,
    natsUp: running ? sighting.natsUp.get(metadata.name) : undefined,
    cutOffSince: undefined,
    createdAt: time(metadata.creationTimestamp),
  };
}

/** The Deployment of the workers of `cluster`. */
export function workerDeployment(
  { metadata }: ChatCluster,
  children: readonly KubeObject[],
): DeploymentObject | undefined {
  const name = childName.workers(metadata.name);
  return children.find(child => child.kind === 'Deployment' && child.metadata.name === name);
}

/** Gateway Deployments of `cluster`, one a revision. */
export function gatewayDeployments(cluster: ChatCluster, children: readonly KubeObject[]): DeploymentObject[] {
  return children.filter(({ kind, metadata }) => {
    const revision = metadata.labels?.[REVISION_LABEL];
    const owned = metadata.ownerReferences?.some(({ uid }) => uid === cluster.metadata.uid);
    return (
      kind === 'Deployment' &&
      revision !== undefined &&
      owned &&
      metadata.name === childName.gateways(cluster.metadata.name, revision)
    );
  });
}

/** Names of the pods that take new connections. */
export function offeredPods(endpoints: readonly Endpoint[]): ReadonlySet<string> {
  return new Set(endpoints.filter(({ ready }) => ready).map(({ pod }) => pod));
}

/** The fleet as the planner sees it. */
export function observeFleet(sighting: Sighting): {
  readonly pods: FleetPod[];
  readonly revisions: FleetRevision[];
  readonly serving: string | undefined;
  readonly servingSince: number;
  readonly movedAt: number;
} {
  const { cluster, children, endpoints, firstSeen, now } = sighting;
  const offered = offeredPods(endpoints);
  const goOn = cluster.metadata.annotations?.[CONTINUE_ANNOTATION];
  const name = childName.clientService(cluster.metadata.name);
  const service = children.find(child => child.kind === 'Service' && child.metadata.name === name) as
    | ServiceObject
    | undefined;
  const serving = service && (service.spec?.selector?.[REVISION_LABEL] ?? ALL_REVISIONS);
  const movedAt = time(service?.metadata.annotations?.[MOVED_ANNOTATION]);
  return {
    pods: sighting.pods.map(pod => fleetPod(pod, sighting, offered)),
    revisions: gatewayDeployments(cluster, children).map(({ metadata, spec }) => {
      const revision = metadata.labels?.[REVISION_LABEL] ?? '';
      const targetedAt = time(metadata.annotations?.[TARGETED_ANNOTATION]);
      return {
        revision,
        replicas: spec?.replicas ?? 0,
        createdAt: time(metadata.creationTimestamp),
        targetedAt,
        targetedSince: firstSeen.since(`target ${revision}`, String(targetedAt), now),
        stopped: goOn === revision ? '' : (metadata.annotations?.[STOPPED_ANNOTATION] ?? ''),
      };
    }),
    serving,
    servingSince:
      movedAt === 0 ? Number.NEGATIVE_INFINITY : firstSeen.since('serving', `${serving} since ${movedAt}`, now),
    movedAt,
  };
}
