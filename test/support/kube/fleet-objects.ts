import type { ChatCluster } from '../../../operator/api/chat-cluster.ts';
import type { Endpoint, KubeObject, Pod } from '../../../operator/api/kube-object.ts';
import type { GatewayAnswer } from '../../../operator/ask/loads.ts';
import type { Probe } from '../../../operator/ask/probes.ts';
import { withCachedAnswers } from '../../../operator/autoscale/cached-answers.ts';
import {
  childName,
  MOVED_ANNOTATION,
  REVISION_LABEL,
  STOPPED_ANNOTATION,
  servingLabels,
  TARGETED_ANNOTATION,
} from '../../../operator/desired/names.ts';
import { type FleetView, nothingSeen, type Seen, viewOf } from '../../../operator/reconcile/view.ts';
import type { GatewayLoad } from '../../../server/contract/load.ts';
import { TRAFFIC_ANNOTATION, type TrafficIntent } from '../../../server/contract/traffic.ts';

/** Gateways and what belongs to them as the watches keep them. Times are milliseconds since 1970. */

export interface GatewayPodChange {
  readonly ready?: boolean;
  /** True if its container runs. */
  readonly running?: boolean;
  readonly node?: string;
  readonly intent?: TrafficIntent | string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Besides that of the revision. */
  readonly labels?: Readonly<Record<string, string>>;
  /** The seconds of its grace, or true for many. */
  readonly terminating?: boolean | number;
  readonly phase?: string;
  readonly createdAt?: number;
}

const LONG_GRACE_SECONDS = 3_600;

/** @param grace its seconds, or true for many */
const deleted = (grace: number | true) => ({
  deletionTimestamp: '2026-01-01T00:00:00Z',
  deletionGracePeriodSeconds: grace === true ? LONG_GRACE_SECONDS : grace,
});

export function gatewayPod(name: string, revision: string, change: GatewayPodChange = {}): Pod {
  const {
    ready = true,
    running = true,
    node = 'node-1',
    intent,
    annotations = {},
    labels = {},
    terminating,
    phase = running ? 'Running' : 'Pending',
    createdAt = 0,
  } = change;
  const text = typeof intent === 'object' ? JSON.stringify(intent) : intent;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'team-a',
      uid: `uid of ${name}`,
      resourceVersion: '1',
      labels: { ...labels, [REVISION_LABEL]: revision },
      annotations: { ...annotations, ...(text === undefined ? {} : { [TRAFFIC_ANNOTATION]: text }) },
      creationTimestamp: new Date(createdAt).toISOString(),
      ...(terminating === undefined || terminating === false ? {} : deleted(terminating)),
    },
    spec: node === '' ? {} : { nodeName: node },
    status: {
      phase,
      podIP: '192.0.2.1',
      conditions: [{ type: 'Ready', status: ready && running ? 'True' : 'False' }],
      containers: [{ name: 'gateway', restarts: 0, ...(running ? { startedAt: '2026-01-01T00:00:00Z' } : {}) }],
    },
  };
}

const ownedBy = ({ metadata }: ChatCluster) => [
  {
    apiVersion: 'chatcluster.dev/v1alpha1',
    kind: 'ChatCluster',
    name: metadata.name,
    uid: metadata.uid,
    controller: true,
  },
];

export function gatewayDeployment(
  cluster: ChatCluster,
  revision: string,
  change: {
    readonly replicas?: number;
    readonly targetedAt?: number;
    readonly stopped?: string;
    template?: object;
  } = {},
): KubeObject {
  const { replicas = 2, targetedAt = 0, stopped = '', template = {} } = change;
  const object = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: childName.gateways(cluster.metadata.name, revision),
      namespace: cluster.metadata.namespace,
      labels: { [REVISION_LABEL]: revision },
      annotations: {
        [TARGETED_ANNOTATION]: new Date(targetedAt).toISOString(),
        ...(stopped === '' ? {} : { [STOPPED_ANNOTATION]: stopped }),
      },
      ownerReferences: ownedBy(cluster),
    },
    spec: { replicas, template },
  };
  return object;
}

/** @param serving revision, or `*` */
export function clientService(cluster: ChatCluster, serving: string, movedAt: number | undefined = 0): KubeObject {
  const object = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: childName.clientService(cluster.metadata.name),
      namespace: cluster.metadata.namespace,
      annotations: { [MOVED_ANNOTATION]: new Date(movedAt).toISOString() },
      ownerReferences: ownedBy(cluster),
    },
    spec: { selector: servingLabels(cluster.metadata.name, serving) },
  };
  return object;
}

/** A gateway's answer about itself. */
export function loadOf(pod: string, change: Partial<GatewayLoad> = {}): GatewayAnswer {
  const load: GatewayLoad = {
    gateway: pod,
    ready: true,
    draining: false,
    connections: 0,
    maxConnections: 15_000,
    deliveriesPerSecond: 0,
    eventLoopLagMs: 0,
    cpu: 0,
    commandsPerSecond: 100,
    errorsPerSecond: 0,
    publishMs: 0,
    refusedPerSecond: 0,
    optionsVersion: '',
    ...change,
  };
  return { pod, ready: true, leaving: false, served: true, load, life: `${pod}/0` };
}

const REACHED = { reachable: true, reason: '' };

export function probeOf(loads: readonly GatewayAnswer[], at = 0): Probe {
  const backends = {
    health: { nats: REACHED, store: REACHED },
    log: { room: 'Enough', reason: '' } as const,
    storeLag: 0,
    silence: '',
  };
  return { loads: withCachedAnswers(loads, [], at), backends, at, healthAt: at };
}

export interface Scene {
  readonly cluster: ChatCluster;
  readonly children: readonly KubeObject[];
  readonly pods: readonly Pod[];
  readonly loads?: readonly GatewayAnswer[];
  /** Pods that load balancers are told of. */
  readonly offered: readonly string[];
  /** Since when those that are not offered are not. */
  readonly unofferedSince?: number;
  /** Since when the new revision does worse, if it does; by default for long. */
  readonly failingSince?: number;
  /** Since when gateways have been without NATS while most others were not, by name. */
  readonly cutOff?: Map<string, number>;
  /** State kept from an earlier scene. Default: none. */
  readonly seen?: Seen;
  /** Milliseconds of the monotonic clock. */
  readonly now: number;
}

/** The time of day is another one, so that whatever is measured with it is wrong. */
export const WALL_AHEAD_MS = Date.UTC(2026, 0, 1);

/** The operator's view of it. */
export function see(scene: Scene): FleetView {
  const {
    cluster,
    children,
    pods,
    loads,
    offered,
    unofferedSince = 0,
    failingSince = 0,
    cutOff = new Map(),
    now,
  } = scene;
  const endpoints: Endpoint[] = offered.map(pod => ({ pod, ready: true, serving: true, terminating: false }));
  const unoffered = new Map(
    pods.flatMap(({ metadata: { name } }) => (offered.includes(name) ? [] : [[name, unofferedSince] as const])),
  );
  const seen = { ...nothingSeen(), ...scene.seen, unoffered, cutOff, failingSince };
  const sources = {
    cluster,
    children,
    pods: { gateway: pods, worker: [] },
    endpoints,
    leavingNodes: new Set<string>(),
    probe: loads && probeOf(loads),
  };
  return viewOf(sources, seen, { now, wall: now + WALL_AHEAD_MS });
}
