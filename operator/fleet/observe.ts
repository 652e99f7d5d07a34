import { TRAFFIC_ANNOTATION, type TrafficIntent } from '../../server/contract/traffic.ts';
import type { ChatCluster } from '../api/chat-cluster.ts';
import { type Endpoint, isReady, isRunning, type KubeObject, type Pod } from '../api/kube-object.ts';
import { ALL_REVISIONS } from '../api/serving.ts';
import { trafficOf } from '../api/traffic.ts';
import {
  CLIENTS_LABEL,
  CONTINUE_ANNOTATION,
  childName,
  hasClientsLabel,
  MOVED_ANNOTATION,
  REVISION_LABEL,
  STOPPED_ANNOTATION,
  TARGETED_ANNOTATION,
  TEMPLATE_ANNOTATION,
} from '../desired/names.ts';
import type { FirstSeen } from '../process/first-seen.ts';
import { refusedPods } from './deployments.ts';
import type { FleetPod, FleetRevision } from './fleet.ts';

/** Watched objects and answers about the gateways of one ChatCluster. */
export interface Sighting {
  readonly cluster: ChatCluster;
  readonly children: readonly KubeObject[];
  readonly pods: readonly Pod[];
  /** Endpoints of the client Service. */
  readonly endpoints: readonly Endpoint[];
  /** Time since when no slice has offered a pod, by pod name and by the clock of {@link now}. */
  readonly unofferedSince: ReadonlyMap<string, number>;
  readonly leavingNodes: ReadonlySet<string>;
  /** Connections by pod name; gateways that did not report them are missing. */
  readonly connections: ReadonlyMap<string, number>;
  /** True for each gateway that refuses new connections, by pod name; gateways that did not report it are missing. */
  readonly refusing: ReadonlyMap<string, boolean>;
  /** True for each gateway that reaches NATS, by pod name; gateways that did not report it are missing. */
  readonly natsUp: ReadonlyMap<string, boolean>;
  readonly firstSeen: FirstSeen;
  /** Milliseconds that never run backwards. */
  readonly now: number;
}

export interface DeploymentObject extends KubeObject {
  readonly spec?: { readonly replicas?: number; readonly template?: object };
}
/** Pod template that a Deployment was made with, whatever this version of the operator would write. */
export function templateOf({ metadata, spec }: DeploymentObject): object | undefined {
  const text = metadata.annotations?.[TEMPLATE_ANNOTATION];
  try {
    return text === undefined ? spec?.template : (JSON.parse(text) as object);
  } catch {
    return spec?.template;
  }
}

/** Labels by which pods are selected. */
type Selector = Readonly<Record<string, string>>;
interface ServiceObject extends KubeObject {
  readonly spec?: { readonly selector?: Selector };
}

const time = (text: string | undefined) => (text === undefined ? 0 : Date.parse(text) || 0);

/** Intent in place of one that cannot be read: it equals no intent of a plan, so that the plan removes it. */
const FOREIGN_INTENT: TrafficIntent = { reason: 'Rebalance', since: '' };

function fleetPod(pod: Pod, sighting: Sighting, offered: ReadonlySet<string>, selector: Selector = {}): FleetPod {
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
    selectable: selector[CLIENTS_LABEL] === metadata.labels?.[CLIENTS_LABEL] || !(CLIENTS_LABEL in selector),
    offered: offered.has(metadata.name),
    offeredSince: offered.has(metadata.name)
      ? sighting.firstSeen.since(`slices offer ${metadata.name}`, 'yes', sighting.now)
      : undefined,
    unofferedSince: sighting.unofferedSince.get(metadata.name),
    nodeLeaving: spec?.nodeName !== undefined && sighting.leavingNodes.has(spec.nodeName),
    intent: intent === null ? FOREIGN_INTENT : intent,
    intentSince:
      text === undefined ? undefined : sighting.firstSeen.since(`intent of ${metadata.name}`, text, sighting.now),
    connections: running ? sighting.connections.get(metadata.name) : 0,
    refusing: running ? sighting.refusing.get(metadata.name) : undefined,
    natsUp: running ? sighting.natsUp.get(metadata.name) : undefined,
    cutOffSince: undefined,
    createdAt: time(metadata.creationTimestamp),
  };
}

/**
 * True if an object is a child of `cluster` or has no owner: the rest of a delete with `--cascade=orphan` is taken over. A
 * child of an earlier ChatCluster of the same name does not count, because the garbage collector is about to remove it.
 */
export function isOurs({ metadata }: ChatCluster, { metadata: { ownerReferences = [] } }: KubeObject): boolean {
  const owner = ownerReferences.find(({ controller }) => controller);
  return owner === undefined || owner.uid === metadata.uid;
}

/** Deployment of the workers of `cluster`. */
export function workerDeployment(cluster: ChatCluster, children: readonly KubeObject[]): DeploymentObject | undefined {
  const name = childName.workers(cluster.metadata.name);
  return children.find(child => child.kind === 'Deployment' && child.metadata.name === name && isOurs(cluster, child));
}

/** Gateway Deployments of `cluster`, one for each revision. */
export function gatewayDeployments(cluster: ChatCluster, children: readonly KubeObject[]): DeploymentObject[] {
  return children.filter(child => {
    const { kind, metadata } = child;
    const revision = metadata.labels?.[REVISION_LABEL];
    return (
      kind === 'Deployment' &&
      revision !== undefined &&
      isOurs(cluster, child) &&
      metadata.name === childName.gateways(cluster.metadata.name, revision)
    );
  });
}

/** Revisions whose pods have the label that the client Service selects. */
export function labelledRevisions(cluster: ChatCluster, children: readonly KubeObject[]): ReadonlySet<string> {
  const labelled = gatewayDeployments(cluster, children).filter(({ spec }) => hasClientsLabel(spec?.template));
  return new Set(labelled.map(({ metadata }) => metadata.labels?.[REVISION_LABEL] ?? ''));
}

/** Names of the pods that report to refuse new connections. */
export function refusingOf(pods: readonly FleetPod[]): ReadonlySet<string> {
  return new Set(pods.filter(({ refusing }) => refusing === true).map(({ name }) => name));
}

/** Labels that the client Service selects; undefined while there is none. */
export function clientSelector({ metadata }: ChatCluster, children: readonly KubeObject[]): Selector | undefined {
  return clientServiceOf(metadata.name, children)?.spec?.selector;
}

function clientServiceOf(cluster: string, children: readonly KubeObject[]): ServiceObject | undefined {
  const name = childName.clientService(cluster);
  return children.find(child => child.kind === 'Service' && child.metadata.name === name);
}

/** Names of the pods that take new connections. */
export function offeredPods(endpoints: readonly Endpoint[]): ReadonlySet<string> {
  return new Set(endpoints.filter(({ ready }) => ready).map(({ pod }) => pod));
}

/** Fleet as input of the planner. */
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
  const service = clientServiceOf(cluster.metadata.name, children);
  const serving = service && (service.spec?.selector?.[REVISION_LABEL] ?? ALL_REVISIONS);
  const movedAt = time(service?.metadata.annotations?.[MOVED_ANNOTATION]);
  return {
    pods: sighting.pods.map(pod => fleetPod(pod, sighting, offered, service?.spec?.selector)),
    revisions: gatewayDeployments(cluster, children).map(deployment => {
      const { metadata, spec } = deployment;
      const revision = metadata.labels?.[REVISION_LABEL] ?? '';
      const targetedAt = time(metadata.annotations?.[TARGETED_ANNOTATION]);
      return {
        revision,
        replicas: spec?.replicas ?? 0,
        ...(refusedPods([deployment]) ? { refused: true } : {}),
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
