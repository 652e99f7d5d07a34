import type { ChatCluster } from '../api/chat-cluster.ts';
import type { ForeignAutoscaler, KubeObject } from '../api/kube-object.ts';
import { ALL_REVISIONS, isServing } from '../api/serving.ts';
import type { Probe } from '../ask/probes.ts';
import { withoutStaleAnswers } from '../autoscale/cached-answers.ts';
import { decide, type Hold, type ScaleInput } from '../autoscale/decide.ts';
import { decideWorkers, type LagObservation, type WorkerDecision } from '../autoscale/decide-workers.ts';
import type { Observation } from '../autoscale/history.ts';
import { HIBERNATE_ANNOTATION, PAUSE_ANNOTATION } from '../desired/names.ts';
import { alive } from '../fleet/closing.ts';
import { refusedPods } from '../fleet/deployments.ts';
import type { FleetPod, FleetRevision } from '../fleet/fleet.ts';
import { gatewayDeployments, workerDeployment } from '../fleet/observe.ts';
import type { Scaling } from '../report/pass.ts';
import { nothingSeen, type Seen } from './view.ts';

/** Parts of the fleet that the size depends on. */
export interface FleetSize {
  readonly pods: readonly FleetPod[];
  readonly revisions: readonly FleetRevision[];
  readonly serving: string | undefined;
}

/** State from pass to pass. Losing it only delays a step down. */
export interface ScalingMemory {
  /** Size of the last pass; undefined before the first one. */
  size: number | undefined;
  history: readonly Observation[];
  /** Answers that the last decision was made on: each round is counted once. */
  decidedOn: Probe | undefined;
  workerHistory: readonly LagObservation[];
  readonly seen: Seen;
}

export function newMemory(): ScalingMemory {
  return { size: undefined, history: [], decidedOn: undefined, workerHistory: [], seen: nothingSeen() };
}

/**
 * Size before the first pass of this process: existing gateways without those being removed. It is read from Deployments and
 * intents, because a status may be lost or written by others. Only where two revisions share the gateways, with some above
 * the size, the status decides between the possible numbers.
 */
export function currentSize({ spec, status }: ChatCluster, fleet: FleetSize): number {
  const { pods, revisions } = fleet;
  // Gateways without a Deployment were left by a ChatCluster of the same name.
  if (revisions.length === 0) return Math.max(spec.gateway.autoscaling.minReplicas, alive(pods).length);
  const largest = Math.max(...revisions.map(({ replicas }) => replicas));
  // With twice the gateways each revision is of the size, else both together are.
  if (revisions.length > 1 && isDoubled(spec.gateway.rollout)) return largest;
  const there = withoutRemoved(fleet);
  const reported = status?.gateways?.desiredReplicas ?? there;
  return revisions.length > 1 ? Math.min(there, Math.max(reported, largest)) : there;
}

function withoutRemoved({ pods, revisions, serving }: FleetSize): number {
  const replicas = revisions.reduce((sum, revision) => sum + revision.replicas, 0);
  const there = alive(pods).filter(pod => isServing(pod, serving));
  const removed = there.filter(({ intent }) => intent?.reason === 'ScaleDown' || intent?.reason === 'Hibernate');
  // Kubernetes is removing pods beyond the replicas right now; `replicas` no longer counts them.
  const counted = removed.length - Math.max(0, there.length - replicas);
  return Math.max(0, replicas - Math.max(0, counted));
}

/** True if a rollout starts as many new gateways as there are old ones. */
function isDoubled({ strategy, maxSurge, canary }: ChatCluster['spec']['gateway']['rollout']): boolean {
  return strategy === 'MoveOnce' && maxSurge === '100%' && canary.percent === 0;
}

/** Sentence on an unknown value of a control annotation; empty without one. It freezes the size instead of being ignored. */
function misspelt({ metadata: { annotations = {} } }: ChatCluster): string {
  const pause = annotations[PAUSE_ANNOTATION];
  if (pause !== undefined && pause !== 'All' && pause !== 'ScaleIn' && pause !== 'ScaleOut')
    return `annotation ${PAUSE_ANNOTATION} must be All, ScaleIn or ScaleOut, got ${JSON.stringify(pause)}`;
  const hibernate = annotations[HIBERNATE_ANNOTATION];
  if (hibernate !== undefined && hibernate !== 'true' && hibernate !== 'false')
    return `annotation ${HIBERNATE_ANNOTATION} must be "true" or "false", got ${JSON.stringify(hibernate)}`;
  return '';
}

/** Autoscalers that scale a Deployment of the gateways instead of the ChatCluster. */
const past = (foreign: readonly ForeignAutoscaler[]) => foreign.filter(({ target }) => target.kind === 'Deployment');

/**
 * Existing gateways while another autoscaler scales a Deployment of them, else undefined. Putting the number back each time would
 * only create and drain gateways.
 */
function followed({ revisions, serving }: FleetSize, foreign: readonly ForeignAutoscaler[]): number | undefined {
  if (past(foreign).length === 0) return undefined;
  const rows = revisions.filter(({ revision }) => serving === ALL_REVISIONS || revision === serving);
  return rows.length === 0 ? undefined : rows.reduce((sum, { replicas }) => sum + replicas, 0);
}

/** Hold of the size: its direction, and its cause in words. */
function holdOf(
  cluster: ChatCluster,
  { revisions }: FleetSize,
  foreign: readonly ForeignAutoscaler[],
): { held: Hold; why: string } {
  const pause = cluster.metadata.annotations?.[PAUSE_ANNOTATION];
  const { autoscaling, rollout } = cluster.spec.gateway;
  const namesOf = (all: readonly ForeignAutoscaler[]) => all.map(({ name }) => name).join(', ');
  // In every mode: a Deployment that is scaled down loses gateways with their clients.
  const others = past(foreign);
  if (others.length > 0)
    return {
      held: 'All',
      why: `HorizontalPodAutoscaler ${namesOf(others)} scales a Deployment of the gateways, so the operator leaves the size to it: delete it, or point it at the ChatCluster`,
    };
  if (foreign.length > 0 && autoscaling.mode === 'Builtin')
    return {
      held: 'All',
      why: `HorizontalPodAutoscaler ${namesOf(foreign)} scales the ChatCluster too: delete it, or set autoscaling.mode to External`,
    };
  const mistake = misspelt(cluster);
  if (mistake !== '') return { held: 'All', why: mistake };
  if (pause === 'All' || pause === 'ScaleIn' || pause === 'ScaleOut')
    return { held: pause, why: `paused by annotation (${pause})` };
  // OnDelete may take weeks, and drains gateways of either revision.
  if (revisions.length > 1 && rollout.strategy !== 'OnDelete')
    return { held: 'ScaleIn', why: 'a rollout is in progress' };
  return { held: 'None', why: '' };
}

/** Inputs of {@link scale}. */
export interface ScalingInput {
  readonly cluster: ChatCluster;
  readonly children: readonly KubeObject[];
  readonly fleet: FleetSize;
  readonly foreign: readonly ForeignAutoscaler[];
  readonly probe: Probe | undefined;
  /** Milliseconds of the monotonic clock. */
  readonly now: number;
}

function workersOf(
  { cluster, children, probe, now }: ScalingInput,
  history: ScalingMemory['workerHistory'],
): WorkerDecision {
  const { worker } = cluster.spec;
  const deployment = workerDeployment(cluster, children);
  const { spec } = deployment ?? {};
  const health = probe?.backends.health;
  return decideWorkers({
    spec: worker.autoscaling,
    replicas: worker.replicas,
    current:
      spec?.replicas ?? (worker.autoscaling.mode === 'Builtin' ? worker.autoscaling.minReplicas : worker.replicas),
    lag: probe?.backends.storeLag,
    foldLag: probe?.backends.folds?.lag,
    storeReachable: health?.store.reachable ?? true,
    refused: refusedPods(deployment ? [deployment] : [])?.message,
    now,
    history,
  });
}

/** Decides the numbers of gateways and workers. Updates `memory`. */
export function scale(given: ScalingInput, memory: ScalingMemory): Scaling {
  const { cluster, children, fleet, foreign, probe, now } = given;
  const { gateway, limits } = cluster.spec;
  const others = followed(fleet, foreign);
  const sizedByOthers = others !== undefined;
  const current = others ?? memory.size ?? currentSize(cluster, fleet);
  const input: ScaleInput = {
    spec: gateway.autoscaling,
    replicas: gateway.replicas,
    maxConnections: limits.maxConnections,
    // After hibernation it starts with the smallest size.
    current: current === 0 ? gateway.autoscaling.minReplicas : current,
    samples: probe && withoutStaleAnswers(probe.loads, now),
    ...holdOf(cluster, fleet, foreign),
    refused: refusedPods(gatewayDeployments(cluster, children))?.message,
    now,
    history: memory.history,
  };
  const decision = decide(input);
  const workers = workersOf(given, memory.workerHistory);
  if (probe !== memory.decidedOn || memory.history.length === 0) {
    memory.history = decision.history;
    memory.workerHistory = workers.history;
  }
  memory.decidedOn = probe;
  const hibernates = cluster.metadata.annotations?.[HIBERNATE_ANNOTATION] === 'true';
  // No gateway is removed before the clients of each are known.
  const awake = probe === undefined ? Math.max(decision.replicas, current) : decision.replicas;
  const size = hibernates ? 0 : awake;
  memory.size = size;
  return { decision, input, size, current, sizedByOthers: sizedByOthers && !hibernates, workers };
}
