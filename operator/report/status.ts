import type { GatewayLoad } from '../../server/contract/load.ts';
import type { ChatCluster, ChatClusterStatus } from '../api/chat-cluster.ts';
import type { KubeObject, Pod } from '../api/kube-object.ts';
import { isServing } from '../api/serving.ts';
import type { Alteration } from '../apply/repairs.ts';
import type { WriteFailure } from '../apply/write-failure.ts';
import type { Backends } from '../ask/backends.ts';
import type { Decision } from '../autoscale/decide.ts';
import { keptFamilies } from '../desired/address-families.ts';
import {
  childName,
  identityOf,
  instanceOf,
  REVISION_ANNOTATION,
  selectorText,
  servingLabels,
} from '../desired/names.ts';
import { revisionOf } from '../desired/revision.ts';
import { alive } from '../fleet/closing.ts';
import { type Deployment, refusedPods, updateOf } from '../fleet/deployments.ts';
import type { FleetPlan, FleetPod } from '../fleet/fleet.ts';
import { otherChats } from '../fleet/instance.ts';
import { gatewayDeployments, workerDeployment } from '../fleet/observe.ts';
import { isVictim } from '../fleet/pod-patches.ts';
import { type IsLate, worstProblem } from '../fleet/pod-problem.ts';
import { isUndone } from '../fleet/workers-before.ts';
import { childrenAsWritten } from './alterations.ts';
import {
  type ConditionType,
  dated,
  type Fleet,
  gatewaysAvailable,
  messagingReachable,
  progressing,
  type ReadyInput,
  ready,
  rolledOut,
  scalingActive,
  storeReachable,
  streamsHaveRoom,
  type WorkerFleet,
} from './conditions.ts';
import { durable } from './durable.ts';
import { featuresOffered } from './features.ts';
import { podsStable } from './incidents.ts';
import { templatesCurrent } from './outdated.ts';
import { type Refusals, settingsInForce } from './settings.ts';

/** Numbers of gateways, as the fleet plan sees them. */
export interface GatewayCount {
  readonly desired: number;
  /** Pods of the serving revision. */
  readonly replicas: number;
  /** Pods out of `replicas` that are ready and not about to be removed. */
  readonly ready: number;
  /** Pods of any revision that are being drained. */
  readonly draining: number;
}

/** Inputs of a status. */
export interface StatusInput {
  readonly cluster: ChatCluster;
  readonly children: readonly KubeObject[];
  readonly gatewayPods: readonly Pod[];
  readonly workerPods: readonly Pod[];
  readonly gateways: GatewayCount;
  readonly desiredWorkers: number;
  /** Revision that the client Service selects, or `*`. */
  readonly serving: string;
  readonly rollout: FleetPlan['rollout'];
  /** {@link FleetPlan.draining} */
  readonly draining: string;
  readonly image: string;
  /** Image of a ChatCluster that names none. */
  readonly defaultImage: string;
  /** Undefined before the first answers of the workers. */
  readonly backends: Backends | undefined;
  /** Last answers of the gateways, undefined for one without. Undefined before the first answers. */
  readonly loads: readonly (GatewayLoad | undefined)[] | undefined;
  /** Undefined before the first answers. */
  readonly refusals: Refusals | undefined;
  /** Fields that the CRD in the cluster does not know. */
  readonly unknownFields: readonly string[];
  readonly decision: Decision;
  readonly failure: WriteFailure | undefined;
  /** Children that are not as they were written. */
  readonly altered: readonly Alteration[];
  /** Client connections; undefined if they are not known, or a new number is not due yet. */
  readonly connections: number | undefined;
  readonly isLate: IsLate;
  /** Time of day. */
  readonly now: Date;
}

/**
 * `connections` with two significant digits: enough for people, and it rarely changes.
 * @param reported number reported before; it stands while it differs by at most three quarters of the last digit, so that a
 * value between two rounded ones does not alternate
 */
export function roundConnections(connections: number, reported?: number): number {
  const digit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, connections))) - 1);
  if (reported !== undefined && Math.abs(reported - connections) <= digit * 0.75) return reported;
  return Number(connections.toPrecision(2));
}

/** The workers, and the progress of their update to the wanted revision. */
function workerFleet({ cluster, children, desiredWorkers, workerPods, serving, isLate }: StatusInput): WorkerFleet {
  const deployment: Deployment | undefined = workerDeployment(cluster, children);
  const isCurrent =
    isUndone(cluster, serving) ||
    deployment?.metadata.annotations?.[REVISION_ANNOTATION] === revisionOf(cluster, 'worker');
  return {
    desired: desiredWorkers,
    replicas: deployment?.status?.replicas ?? 0,
    ready: deployment?.status?.readyReplicas ?? 0,
    problem: worstProblem(workerPods, isLate, refusedPods(deployment ? [deployment] : [])),
    update: updateOf(deployment, isCurrent),
  };
}

/** Numbers of the gateways for the status and `/scale`. @param serving revision of the client Service, or `*` */
export function countGateways(pods: readonly FleetPod[], serving: string, desired: number): GatewayCount {
  const living = alive(pods);
  const there = living.filter(pod => isServing(pod, serving));
  return {
    desired,
    replicas: there.length,
    ready: there.filter(pod => pod.ready && !isVictim(pod.intent)).length,
    draining: living.filter(pod => pod.intent !== undefined).length,
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

/** Causes for which the children differ from the spec and stay so, worst first. */
function againstSpec(cluster: ChatCluster, children: readonly KubeObject[]): ReadyInput['against'] {
  const causes = [
    { reason: 'OtherChat', message: otherChats(cluster, children) },
    { reason: 'AddressFamilyKept', message: keptFamilies(cluster, children) },
  ];
  return causes.filter(({ message }) => message !== '');
}

/**
 * The status of a ChatCluster. Pure. Its only times are those of the last change of each condition, so that a pass without
 * news makes an equal status.
 */
export function status(input: StatusInput): ChatClusterStatus {
  const { cluster, children, backends } = input;
  const { metadata } = cluster;
  const find = (kind: string, name: string) =>
    children.find(child => child.kind === kind && child.metadata.name === name);
  const now = input.now.getTime();
  const refused = refusedPods(gatewayDeployments(cluster, children));
  const gateways: Fleet = { ...input.gateways, problem: worstProblem(input.gatewayPods, input.isLate, refused) };
  const workers = workerFleet(input);
  const previous = cluster.status?.conditions ?? [];
  const available = gatewaysAvailable(gateways);
  const before = (type: ConditionType) => previous.find(condition => condition.type === type);
  const reach = [
    messagingReachable(backends, before('MessagingReachable')),
    storeReachable(backends, before('StoreReachable')),
  ];
  const room = streamsHaveRoom(backends, before('StreamsHaveRoom'));
  const scaling = scalingActive(input.decision, before('ScalingActive'), cluster);
  const moving = progressing(input.rollout, [input.draining, refused?.message ?? '']);
  const against = againstSpec(cluster, children);
  const works = ready({ available, moving, gateways, workers, backends: reach, failure: input.failure, against });
  const done = rolledOut(input.rollout, workers);
  const settings = settingsInForce(metadata, input.refusals, before('SettingsInForce'), input.unknownFields);
  const stable = podsStable(input.gatewayPods, input.workerPods, now);
  const verdicts = [
    works,
    available,
    moving,
    done,
    ...reach,
    room,
    durable(cluster, backends, before('Durable')),
    featuresOffered(input.loads, before('FeaturesOffered')),
    scaling,
    stable,
    settings,
    childrenAsWritten(input.altered),
    templatesCurrent(cluster, children, input.defaultImage),
  ];
  const identity = identityOf(cluster);
  const reported = cluster.status?.gateways?.connections;
  const connections = input.connections === undefined ? reported : roundConnections(input.connections, reported);
  return {
    observedGeneration: metadata.generation,
    ...(identity === undefined ? {} : { identity }),
    instance: instanceOf(cluster),
    image: input.image,
    url: urlOf(cluster, find('Service', childName.clientService(metadata.name))),
    selector: selectorText(servingLabels(metadata.name, input.serving)),
    gateways: {
      replicas: gateways.replicas,
      readyReplicas: gateways.ready,
      desiredReplicas: gateways.desired,
      drainingReplicas: input.gateways.draining,
      revision: input.serving,
      ...(connections === undefined ? {} : { connections }),
    },
    workers: { replicas: workers.replicas, readyReplicas: workers.ready },
    conditions: dated(verdicts, previous, metadata.generation, input.now),
  };
}
