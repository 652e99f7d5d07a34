import type { ChatCluster } from '../api/chat-cluster.ts';
import type { Condition } from '../api/kube-object.ts';
import type { WriteFailure } from '../apply/write-failure.ts';
import type { Backends } from '../ask/backends.ts';
import type { Decision, ScaleReason } from '../autoscale/decide.ts';
import type { Update } from '../fleet/deployments.ts';
import type { FleetPlan } from '../fleet/fleet.ts';
import type { PodProblem } from '../fleet/pod-problem.ts';

/** All there are: a ChatCluster has each of them. A test compares them with the CRD and the docs. */
export const CONDITION_TYPES = [
  'Ready',
  'GatewaysAvailable',
  'Progressing',
  'RolledOut',
  'MessagingReachable',
  'StoreReachable',
  'StreamsHaveRoom',
  'Durable',
  'ScalingActive',
  'PodsStable',
  'SettingsInForce',
  'ChildrenAsWritten',
  'TemplatesCurrent',
] as const;
export type ConditionType = (typeof CONDITION_TYPES)[number];

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

export interface WorkerFleet extends Fleet {
  readonly update: Update;
}

function countOf(noun: string, { desired, ready, problem }: Fleet): string {
  const count = `${ready} of ${desired} ${noun} ready`;
  return problem ? `${count}: ${problem.message}` : count;
}

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

/** Whether clients are, or are on their way to, where the spec wants them. @param besides what else goes on; empty without */
export function progressing({ reason, message }: FleetPlan['rollout'], besides: readonly string[] = []): Verdict {
  const all = [message, ...besides.filter(text => text !== '')].join('; ');
  return { type: 'Progressing', status: reason === 'Stopped' ? 'False' : 'True', reason, message: all };
}

/** Whether a change has come to its end: all gateways and workers are of the revision the spec asks for. */
export function rolledOut({ reason, message }: FleetPlan['rollout'], { desired, update }: WorkerFleet): Verdict {
  const type = 'RolledOut';
  if (reason !== 'Complete') return { type, status: 'False', reason, message };
  if (update.isComplete)
    return { type, status: 'True', reason, message: 'gateways and workers are what the spec asks for' };
  const said = update.stalled === '' ? '' : `: ${update.stalled}`;
  return {
    type,
    status: 'False',
    reason: 'WorkersUpdating',
    message: `${Math.min(update.updated, desired)} of ${desired} workers updated${said}`,
  };
}

/** An operator that has just started has nothing better to say than the one before it. */
export function notAsked(type: ConditionType, previous: Condition | undefined): Verdict {
  if (previous) return { type, status: previous.status, reason: previous.reason, message: previous.message };
  return { type, status: 'Unknown', reason: 'NotAskedYet', message: 'the workers have not been asked yet' };
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

/** @param previous the condition as it stands */
export function messagingReachable(backends: Backends | undefined, previous: Condition | undefined): Verdict {
  return reachable('MessagingReachable', 'nats', backends, previous);
}
/** @param previous the condition as it stands */
export function storeReachable(backends: Backends | undefined, previous: Condition | undefined): Verdict {
  return reachable('StoreReachable', 'store', backends, previous);
}

/** True if the streams can take what comes. @param previous the condition as it stands */
export function streamsHaveRoom(backends: Backends | undefined, previous: Condition | undefined): Verdict {
  const type = 'StreamsHaveRoom';
  if (!backends) return notAsked(type, previous);
  if (!backends.log) {
    const message = backends.silence || 'no worker says how full the streams are';
    return { type, status: 'Unknown', reason: 'NoWorkerAnswers', message };
  }
  const { room, reason } = backends.log;
  if (room === 'NearlyFull') return { type, status: 'False', reason: room, message: reason };
  if (room === 'WindowShortened') return { type, status: 'True', reason: room, message: reason };
  return { type, status: 'True', reason: room, message: 'the streams hold the whole hot window' };
}

/** Reasons for which the size cannot follow the load. */
const INACTIVE = new Set<ScaleReason>(['LoadUnknown', 'NoGatewayReady', 'Held', 'PodsRefused', 'Disabled']);
/** Reasons whose numbers change with every look; the condition keeps those it began with. */
const MOVING = new Set<ScaleReason>([
  'AtMaximum',
  'PodsRefused',
  'Collapsed',
  'DirectionDisabled',
  'Held',
  'ScaledUp',
  'ScaledDown',
]);
/** What is said before the numbers: why it is held; from how many to how many, which may have to wait for gateways that start. */
const PART: Partial<Record<ScaleReason, (message: string) => string | undefined>> = {
  Held: message => message.split('; ')[0],
  PodsRefused: message => message.split('; ')[0],
  ScaledUp: message => message.split(': ')[0],
  ScaledDown: message => message.split(': ')[0],
};
const QUIET = new Set<ScaleReason>(['Steady', 'WindowOpen', 'RateLimited']);

const IGNORED = /; gateway\.replicas \(\d+, set through \/scale by .*$/;

/** What `ScalingActive` says of a size that somebody set and that does not count; empty for any other condition. */
export function ignoredIn(message: string | undefined): string {
  return message?.match(IGNORED)?.[0] ?? '';
}

/**
 * @param previous the condition as it stands: the numbers of the last step stay until something else is to be said
 * @param cluster who set its size through /scale is told that Builtin does not look at it
 */
export function scalingActive(decision: Decision, previous: Condition | undefined, cluster?: ChatCluster): Verdict {
  const said = previous && { ...previous, message: previous.message.replace(IGNORED, '') };
  const verdict = scalingVerdict(decision, said);
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
  return { type, status: 'True', reason: 'Steady', message: 'as many gateways as were needed within the window' };
}

export interface ReadyInput {
  readonly available: Verdict;
  readonly moving: Verdict;
  readonly gateways: Fleet;
  readonly workers: WorkerFleet;
  readonly backends: readonly Verdict[];
  readonly failure: WriteFailure | undefined;
  /** Other causes for which what is declared is not what runs, worst first. */
  readonly against: readonly { readonly reason: string; readonly message: string }[];
}

/** Whether the service works as declared; the first cause that stands against it says why not. */
export function ready(input: ReadyInput): Verdict {
  const { available, moving, gateways, workers, backends, failure, against } = input;
  const type = 'Ready';
  const not = (reason: string, message: string): Verdict => ({ type, status: 'False', reason, message });
  if (failure) return not(failure.reason, failure.message);
  const [first] = against;
  if (first) return not(first.reason, first.message);
  // A pod with a problem counts also where the old ones still serve: what is declared is not what runs.
  if (gateways.problem) return not(gateways.problem.reason, countOf('gateways', gateways));
  if (workers.problem) return not(workers.problem.reason, countOf('workers', workers));
  if (moving.status === 'False') return not('RolloutStopped', moving.message);
  if (workers.update.stalled !== '') return not('RolloutStopped', `workers: ${workers.update.stalled}`);
  // Before the counts: processes become ready once they have reached both.
  const down = backends.find(verdict => verdict.status === 'False');
  if (down) return not(`${down.type.replace('Reachable', '')}Unreachable`, down.message);
  const sleeps = available.reason === 'Hibernating';
  if (available.status !== 'True' && !sleeps) return not('GatewaysNotReady', available.message);
  if (workers.ready === 0) return not('WorkersNotReady', countOf('workers', workers));
  const unknown = backends.find(verdict => verdict.status === 'Unknown');
  if (unknown) return not(unknown.reason, unknown.message);
  // What was declared is so: whoever waits for Ready, such as Flux, must not wait for as long as a chat hibernates.
  return { type, status: 'True', reason: sleeps ? 'Hibernating' : 'Working', message: available.message };
}

/** Finalizers that Kubernetes sets and takes away by itself. */
const OWN_FINALIZERS: ReadonlySet<string> = new Set(['foregroundDeletion', 'orphan']);

/** What to say of an object that is being deleted, if somebody holds it. */
export function heldByOthers(finalizers: readonly string[] = []): Verdict | undefined {
  const others = finalizers.filter(finalizer => !OWN_FINALIZERS.has(finalizer));
  if (others.length === 0) return undefined;
  const message = `it is being deleted and no longer repaired; held by the finalizer ${others.join(', ')}`;
  return { type: 'Ready', status: 'False', reason: 'Deleting', message };
}

/** Conditions with the times of their last change of status. @param now the wall's time */
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
