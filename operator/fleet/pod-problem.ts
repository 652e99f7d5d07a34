import type { Pod, PodContainer } from '../api/kube-object.ts';
import type { FirstSeen } from '../process/first-seen.ts';

/** Reasons, the worst first: problems a person has to solve come before problems that may pass. */
const RANK = [
  'SecretNotFound',
  'ConfigError',
  'ImagePullFailed',
  'OOMKilled',
  'CrashLooping',
  'PodsRefused',
  'Unschedulable',
  'NodeNotReady',
  'NotStarting',
] as const;

/** Problem of a pod as its status shows it, or the reason why pods are missing. */
export interface PodProblem {
  readonly reason: (typeof RANK)[number];
  readonly message: string;
}

/** Reasons for waiting containers, by the kubelet's reason. A missing Secret or key shows only in the message. */
const WAITING: Readonly<Record<string, PodProblem['reason']>> = {
  CreateContainerConfigError: 'ConfigError',
  CreateContainerError: 'ConfigError',
  RunContainerError: 'ConfigError',
  PostStartHookError: 'ConfigError',
  ErrImagePull: 'ImagePullFailed',
  ImagePullBackOff: 'ImagePullFailed',
  ErrImageNeverPull: 'ImagePullFailed',
  InvalidImageName: 'ImagePullFailed',
  ImageInspectError: 'ImagePullFailed',
  RegistryUnavailable: 'ImagePullFailed',
  SignatureValidationFailed: 'ImagePullFailed',
  CrashLoopBackOff: 'CrashLooping',
};

/** Time within which a pod with a node starts, in milliseconds; pulling the image does not count. */
const STARTING_MS = 120_000;

type PodCondition = Pod['status']['conditions'][number];
const conditionOf = (pod: Pod, type: string): PodCondition | undefined =>
  pod.status.conditions.find(condition => condition.type === type);

/**
 * Containers with the pod's own first. A sidecar keeps its pod from being ready too, but often only because the main
 * process does not run.
 */
function ownFirst({ metadata, status }: Pod): PodContainer[] {
  const own = metadata.labels?.['app.kubernetes.io/component'];
  const containers = [...status.containers].sort((a, b) => Number(b.name === own) - Number(a.name === own));
  // Other containers start only after the init containers.
  return [...(status.initContainers ?? []), ...containers];
}

function crashing({ name, lastExit, memoryLimit }: PodContainer): PodProblem {
  if (lastExit?.reason === 'OOMKilled') {
    const limit = memoryLimit === undefined ? '' : ` (memory limit ${memoryLimit})`;
    return {
      reason: 'OOMKilled',
      message: `container ${name} is killed again and again because it runs out of memory${limit}`,
    };
  }
  // The kubelet's message counts seconds of back-off and would change with every pass.
  const exit = lastExit?.exitCode === undefined ? '' : `, last exit code ${lastExit.exitCode}`;
  const end = lastExit?.message === undefined ? '; see its log' : `: ${lastExit.message}`;
  return { reason: 'CrashLooping', message: `container ${name} keeps stopping${exit}${end}` };
}

function waits(container: PodContainer): PodProblem | undefined {
  const { name, waiting, image = '' } = container;
  const reason = WAITING[waiting?.reason ?? ''];
  if (!reason) return undefined;
  const text = waiting?.message ?? '';
  if (reason === 'ConfigError' && /^secret ".*" not found|in Secret /i.test(text))
    return { reason: 'SecretNotFound', message: text };
  if (reason === 'CrashLooping') return crashing(container);
  // The kubelet alternates between two messages while it backs off.
  if (reason === 'ImagePullFailed')
    return { reason, message: `the image ${image === '' ? '' : `${image} `}of container ${name} cannot be pulled` };
  return { reason, message: `container ${name}: ${text === '' ? waiting?.reason : text}` };
}

function hasNoNode(pod: Pod): PodProblem | undefined {
  const scheduled = conditionOf(pod, 'PodScheduled');
  if (scheduled?.status !== 'False') return undefined;
  if (scheduled.reason !== 'Unschedulable' && scheduled.reason !== 'SchedulingGated') return undefined;
  return { reason: 'Unschedulable', message: scheduled.message ?? 'no node fits' };
}

/**
 * True if the node of a pod is silent. Its kubelet no longer updates pods. The node controller sets only Ready to false and
 * leaves the containers' own condition as it was.
 */
function isNodeSilent(pod: Pod): boolean {
  const ready = conditionOf(pod, 'Ready');
  const isOthers = ready?.status !== 'True' && ready?.reason !== 'ReadinessGatesNotReady';
  const lost = ready !== undefined && isOthers && conditionOf(pod, 'ContainersReady')?.status === 'True';
  return lost || pod.status.phase === 'Unknown' || pod.status.reason === 'NodeLost';
}

function onSilentNode(pod: Pod): PodProblem | undefined {
  if (!isNodeSilent(pod)) return undefined;
  return { reason: 'NodeNotReady', message: `node ${pod.spec?.nodeName ?? ''} of a pod does not answer` };
}

/** True if a pod has a node and has not started yet. */
export function isStarting(pod: Pod): boolean {
  return (
    pod.metadata.deletionTimestamp === undefined &&
    pod.status.phase === 'Pending' &&
    conditionOf(pod, 'PodScheduled')?.status === 'True'
  );
}

/**
 * Names of the pods that have been starting for too long, counted from when this process first saw them start.
 * @param now milliseconds that never run backwards
 */
export function lateStarts(pods: readonly Pod[], firstSeen: FirstSeen, now: number): ReadonlySet<string> {
  firstSeen.begin();
  const since = ({ metadata }: Pod) => firstSeen.since(`${metadata.name} ${metadata.uid}`, 'starting', now);
  const late = pods.filter(pod => isStarting(pod) && now - since(pod) >= STARTING_MS);
  return new Set(late.map(({ metadata }) => metadata.name));
}

/** True for a pod that is one of {@link lateStarts}. */
export type IsLate = (pod: Pod) => boolean;

/** Problem that the kubelet reports only in Events, which the operator does not read: inferred from conditions. */
function takesLong(pod: Pod): PodProblem | undefined {
  const late = (message: string): PodProblem => ({
    reason: 'NotStarting',
    message: `a pod has not started for over ${STARTING_MS / 60_000} minutes: ${message}`,
  });
  if (conditionOf(pod, 'PodReadyToStartContainers')?.status === 'False')
    return late('a volume cannot be mounted, or it gets no network; kubectl describe shows the Events of the pod');
  const initialized = conditionOf(pod, 'Initialized');
  if (initialized?.status === 'False') return late(initialized.message ?? 'it waits for init containers');
  return undefined;
}

function problemOf(pod: Pod, isLate: IsLate): PodProblem | undefined {
  const own = ownFirst(pod).map(waits);
  return (
    own.find(problem => problem !== undefined) ??
    hasNoNode(pod) ??
    onSilentNode(pod) ??
    (isLate(pod) ? takesLong(pod) : undefined)
  );
}

/** False for a pod that terminates or has ended. The object of an evicted pod stays, but its ReplicaSet has replaced it. */
function counts({ metadata, status }: Pod): boolean {
  return metadata.deletionTimestamp === undefined && status.phase !== 'Failed' && status.phase !== 'Succeeded';
}

/**
 * Worst problem of some pods; the order of the pods does not matter.
 * @param refused problem because of which further pods cannot be created
 */
export function worstProblem(pods: readonly Pod[], isLate: IsLate, refused?: PodProblem): PodProblem | undefined {
  return [...pods.filter(counts).flatMap(pod => problemOf(pod, isLate) ?? []), ...(refused ? [refused] : [])].sort(
    (a, b) => RANK.indexOf(a.reason) - RANK.indexOf(b.reason) || (a.message < b.message ? -1 : 1),
  )[0];
}
