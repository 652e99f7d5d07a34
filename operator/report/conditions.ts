import type { ChatCluster } from '../api/chat-cluster.ts';
import type { Condition } from '../api/kube-object.ts';
import type { WriteFailure } from '../apply/write-failure.ts';
import type { Backends } from '../ask/backends.ts';
import type { Decision, ScaleReason } from '../autoscale/decide.ts';
import type { Update } from '../fleet/deployments.ts';
import type { FleetPlan } from '../fleet/fleet.ts';
import type { PodProblem } from '../fleet/pod-problem.ts';

/** Types of all conditions: a ChatCluster has each of them. A test compares them with the CRD and the docs. */
export const CONDITION_TYPES = [
  'Ready',
  'GatewaysAvailable',
  'Progressing',
  'RolledOut',
  'MessagingReachable',
  'StoreReachable',
  'StreamsHaveRoom',
  'Durable',
  'FeaturesOffered',
  'ScalingActive',
  'PodsStable',
  'SettingsInForce',
  'ChildrenAsWritten',
  'TemplatesCurrent',
] as const;
export type ConditionType = (typeof CONDITION_TYPES)[number];

/** A condition without times. */
export interface Verdict {
  readonly type: ConditionType;
  readonly status: Condition['status'];
  readonly reason: string;
  readonly message: string;
}

/** Pods of one component, counted. */
export interface Fleet {
  readonly desired: number;
  readonly replicas: number;
  readonly ready: number;
  readonly problem: PodProblem | undefined;
}

/** The workers, with the progress of their Deployment. */
export interface WorkerFleet extends Fleet {
  readonly update: Update;
}

function countOf(noun: string, { desired, ready, problem }: Fleet): string {
  const count = `${ready} of ${desired} ${noun} ready`;
  return problem ? `${count}: ${problem.message}` : count;
}

/** True while at least one gateway of the serving revision is ready. */
export function gatewaysAvailable(fleet: Fleet): Verdict {
  const type = 'GatewaysAvailable';
  const { desired, ready, problem } = fleet;
  const why = countOf('gateways', fleet);
  if (desired === 0)
    return { type, status: 'False', reason: 'Hibernating', message: 'hibernating by annotation; messages are kept' };
  if (ready === 0) return { type, status: 'False', reason: problem?.reason ?? 'NoneReady', message: why };
  if (ready < desired) return { type, status: 'True', reason: problem?.reason ?? 'SomeReady', message: why };
  return { type, status: 'True', reason: 'AllReady', message: `${ready} gateway${ready === 1 ? '' : 's'} ready` };
}

/** False while a rollout is stopped: clients neither are on the wanted revision nor move there. @param besides sentences on what else goes on */
export function progressing({ reason, message }: FleetPlan['rollout'], besides: readonly string[] = []): Verdict {
  const all = [message, ...besides.filter(text => text !== '')].join('; ');
  return { type: 'Progressing', status: reason === 'Stopped' ? 'False' : 'True', reason, message: all };
}

/** True once a change has ended: all gateways and workers are of the revision of the spec. */
export function rolledOut({ reason, message }: FleetPlan['rollout'], { desired, update }: WorkerFleet): Verdict {
  const type = 'RolledOut';
  if (reason !== 'Complete') return { type, status: 'False', reason, message };
  if (update.isComplete)
    return { type, status: 'True', reason, message: 'gateways and workers are of the revision of the spec' };
  const stalled = update.stalled === '' ? '' : `: ${update.stalled}`;
  return {
    type,
    status: 'False',
    reason: 'WorkersUpdating',
    message: `${Math.min(update.updated, desired)} of ${desired} workers updated${stalled}`,
  };
}

/** Verdict before the first answers: what the operator before this one reported, else Unknown. */
export function notAsked(type: ConditionType, previous: Condition | undefined, pods = 'workers'): Verdict {
  if (previous) return { type, status: previous.status, reason: previous.reason, message: previous.message };
  return { type, status: 'Unknown', reason: 'NotAskedYet', message: `the ${pods} have not been asked yet` };
}

function reachable(
  type: 'MessagingReachable' | 'StoreReachable',
  backend: 'nats' | 'store',
  backends: Backends | undefined,
  previous: Condition | undefined,
): Verdict {
  const name = backend === 'nats' ? 'NATS' : 'MongoDB';
  if (!backends) return notAsked(type, previous);
  const health = backends.health?.[backend];
  if (!health) return { type, status: 'Unknown', reason: 'NoWorkerAnswers', message: backends.silence };
  if (health.reachable) return { type, status: 'True', reason: 'Reachable', message: `the workers reach ${name}` };
  return {
    type,
    status: 'False',
    reason: 'Unreachable',
    message: `the workers do not reach ${name}: ${health.reason || 'no reason given'}`,
  };
}

/** True if the workers reach NATS. @param previous the condition as it stands */
export function messagingReachable(backends: Backends | undefined, previous: Condition | undefined): Verdict {
  return reachable('MessagingReachable', 'nats', backends, previous);
}
/** True if the workers reach MongoDB. @param previous the condition as it stands */
export function storeReachable(backends: Backends | undefined, previous: Condition | undefined): Verdict {
  return reachable('StoreReachable', 'store', backends, previous);
}

/**
 * False while a stream is nearly full, so that publishes may soon be refused. Names folds that are late, because a stream keeps
 * what they have not read. @param previous the condition as it stands */
export function streamsHaveRoom(backends: Backends | undefined, previous: Condition | undefined): Verdict {
  const type = 'StreamsHaveRoom';
  if (!backends) return notAsked(type, previous);
  if (!backends.log) {
    const message = backends.silence || 'no worker reports how full the streams are';
    return { type, status: 'Unknown', reason: 'NoWorkerAnswers', message };
  }
  const { room, reason } = backends.log;
  const late = backends.folds?.reason ?? '';
  const message = [reason, late].filter(part => part !== '').join('; ');
  if (room === 'NearlyFull') return { type, status: 'False', reason: room, message };
  if (room === 'WindowShortened') return { type, status: 'True', reason: room, message };
  if (late !== '') return { type, status: 'True', reason: 'FoldLate', message };
  return { type, status: 'True', reason: room, message: 'the streams hold the whole hot window' };
}

/** Reasons for which the size cannot follow the load. */
const INACTIVE = new Set<ScaleReason>(['LoadUnknown', 'NoGatewayReady', 'Held', 'PodsRefused', 'Disabled']);
/** Reasons whose numbers change in every pass; the condition keeps the numbers it began with. */
const MOVING = new Set<ScaleReason>([
  'AtMaximum',
  'PodsRefused',
  'Collapsed',
  'DirectionDisabled',
  'Held',
  'ScaledUp',
  'ScaledDown',
]);
/** Part of a message that makes it another one: the cause of a hold; the step, which may wait for gateways that start. */
const PART: Partial<Record<ScaleReason, (message: string) => string | undefined>> = {
  Held: message => message.split('; ')[0],
  PodsRefused: message => message.split('; ')[0],
  ScaledUp: message => message.split(': ')[0],
  ScaledDown: message => message.split(': ')[0],
};
const QUIET = new Set<ScaleReason>(['Steady', 'WindowOpen', 'RateLimited']);

const IGNORED = /; gateway\.replicas \(\d+, set through \/scale by .*$/;

/** Part of the message of `ScalingActive` on a size that was set and is ignored; empty for any other message. */
export function ignoredIn(message: string | undefined): string {
  return message?.match(IGNORED)?.[0] ?? '';
}

/**
 * The condition `ScalingActive`: False while the size cannot follow the load.
 * @param previous the condition as it stands: the numbers of the last step stay until the message changes
 * @param cluster the message says that Builtin ignores a size that was set through /scale
 */
export function scalingActive(decision: Decision, previous: Condition | undefined, cluster?: ChatCluster): Verdict {
  const before = previous && { ...previous, message: previous.message.replace(IGNORED, '') };
  const verdict = scalingVerdict(decision, before);
  const { spec, scaledBy } = cluster ?? {};
  if (scaledBy === undefined || spec?.gateway.autoscaling.mode !== 'Builtin') return verdict;
  const set = `gateway.replicas (${spec.gateway.replicas}, set through /scale by ${scaledBy})`;
  return { ...verdict, message: `${verdict.message}; ${set} is ignored while autoscaling.mode is Builtin` };
}

function scalingVerdict(decision: Decision, previous: Condition | undefined): Verdict {
  const type = 'ScalingActive';
  const { reason, message } = decision;
  const same = (): Verdict | undefined =>
    previous && { type, status: previous.status, reason: previous.reason, message: previous.message };
  if (reason === 'NotAskedYet') return same() ?? { type, status: 'Unknown', reason, message };
  if (reason === 'Disabled') return { type, status: 'False', reason, message: 'gateway.replicas decides' };
  if (reason === 'External') {
    const [, bounds] = message.match(/(gateway\.replicas is \d+, the bounds are .*)$/) ?? [];
    return { type, status: 'True', reason, message: bounds ?? 'gateway.replicas decides, set through /scale' };
  }
  const partOf = PART[reason] ?? (() => '');
  const isOld = previous?.reason === reason && partOf(previous.message) === partOf(message);
  if (MOVING.has(reason) && isOld) return same() as Verdict;
  if (INACTIVE.has(reason)) return { type, status: 'False', reason, message };
  if (!QUIET.has(reason)) return { type, status: 'True', reason, message };
  // A load that swings around a target would rewrite the status with every swing.
  if (previous?.reason === 'ScaledUp' || previous?.reason === 'ScaledDown') return same() as Verdict;
  return { type, status: 'True', reason: 'Steady', message: 'the number of gateways follows the load of the window' };
}

/** Inputs of the condition `Ready`. */
export interface ReadyInput {
  readonly available: Verdict;
  readonly moving: Verdict;
  readonly gateways: Fleet;
  readonly workers: WorkerFleet;
  readonly backends: readonly Verdict[];
  readonly failure: WriteFailure | undefined;
  /** Further causes for which the pods differ from the spec, worst first. */
  readonly against: readonly { readonly reason: string; readonly message: string }[];
}

/** True if the chat works as declared. The message is that of the first cause against it, worst first. */
export function ready(input: ReadyInput): Verdict {
  const { available, moving, gateways, workers, backends, failure, against } = input;
  const type = 'Ready';
  const not = (reason: string, message: string): Verdict => ({ type, status: 'False', reason, message });
  if (failure) return not(failure.reason, failure.message);
  const [first] = against;
  if (first) return not(first.reason, first.message);
  // A pod with a problem counts although old ones still serve: what was declared does not run.
  if (gateways.problem) return not(gateways.problem.reason, countOf('gateways', gateways));
  if (workers.problem) return not(workers.problem.reason, countOf('workers', workers));
  if (moving.status === 'False') return not('RolloutStopped', moving.message);
  // Before the counts, and before workers that make no progress: processes become ready once they have reached both.
  const down = backends.find(verdict => verdict.status === 'False');
  if (down) return not(`${down.type.replace('Reachable', '')}Unreachable`, down.message);
  if (workers.update.stalled !== '') return not('RolloutStopped', `workers: ${workers.update.stalled}`);
  const sleeps = available.reason === 'Hibernating';
  if (available.status !== 'True' && !sleeps) return not('GatewaysNotReady', available.message);
  if (workers.ready === 0) return not('WorkersNotReady', countOf('workers', workers));
  const unknown = backends.find(verdict => verdict.status === 'Unknown');
  if (unknown) return not(unknown.reason, unknown.message);
  // Hibernation is what was declared: tools that wait for Ready, such as Flux, must not wait until it ends.
  return { type, status: 'True', reason: sleeps ? 'Hibernating' : 'Working', message: available.message };
}

/** Finalizers that Kubernetes sets and removes by itself. */
const OWN_FINALIZERS: ReadonlySet<string> = new Set(['foregroundDeletion', 'orphan']);

/** Verdict on an object that is being deleted and waits for finalizers of others; undefined without any. */
export function waitsForFinalizers(finalizers: readonly string[] = []): Verdict | undefined {
  const others = finalizers.filter(finalizer => !OWN_FINALIZERS.has(finalizer));
  if (others.length === 0) return undefined;
  const message = `being deleted, no longer repaired, and waiting for the finalizer ${others.join(', ')}`;
  return { type: 'Ready', status: 'False', reason: 'Deleting', message };
}

/** Conditions with the time of the last change of their status. @param now time of day */
export function dated(
  verdicts: readonly Verdict[],
  previous: readonly Condition[],
  generation: number,
  now: Date,
): Condition[] {
  return verdicts.map(verdict => {
    const before = previous.find(condition => condition.type === verdict.type);
    const lastTransitionTime =
      before?.status === verdict.status ? before.lastTransitionTime : now.toISOString().replace(/\.\d+Z$/, 'Z');
    const { type, status, reason, message } = verdict;
    return { type, status, observedGeneration: generation, lastTransitionTime, reason, message };
  });
}
