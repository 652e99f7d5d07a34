import type { Pod, PodContainer } from '../api/kube-object.ts';
import type { FirstSeen } from '../process/first-seen.ts';

/** Reasons, the worst first: what a person has to mend before what may go by itself. */
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

/** Why a pod does not work, as far as its status says, or why there is none. */
export interface PodProblem {
  readonly reason: (typeof RANK)[number];
  readonly message: string;
}

/** Waiting reasons of the kubelet. A missing Secret or key is told from other causes by the message. */
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

/** A pod that has a node starts within this time; pulling the image does not count. */
const STARTING_MS = 120_000;

type PodCondition = Pod['status']['conditions'][number];
const conditionOf = (pod: Pod, type: string): PodCondition | undefined =>
  pod.status.conditions.find(condition => condition.type === type);

/** A sidecar that does not start keeps its pod from being ready, and often only because the process it serves does not run. */
function ownFirst({ metadata, status }: Pod): PodContainer[] {
  const own = metadata.labels?.['app.kubernetes.io/component'];
  const containers = [...status.containers].sort((a, b) => Number(b.name === own) - Number(a.name === own));
  // Without these the others are not started at all.
  return [...(status.initContainers ?? []), ...containers];
}

function crashing({ name, lastExit, memoryLimit }: PodContainer): PodProblem {
  if (lastExit?.reason === 'OOMKilled') {
    const limit = memoryLimit === undefined ? '' : ` (memory limit ${memoryLimit})`;
    return { reason: 'OOMKilled', message: `container ${name} keeps being killed for want of memory${limit}` };
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
  const said = waiting?.message ?? '';
  if (reason === 'ConfigError' && /^secret ".*" not found|in Secret /i.test(said))
    return { reason: 'SecretNotFound', message: said };
  if (reason === 'CrashLooping') return crashing(container);
  // The kubelet says now one thing, now another while it backs off.
  if (reason === 'ImagePullFailed')
    return { reason, message: `the image ${image === '' ? '' : `${image} `}of container ${name} cannot be pulled` };
  return { reason, message: `container ${name}: ${said === '' ? waiting?.reason : said}` };
}

function hasNoNode(pod: Pod): PodProblem | undefined {
  const scheduled = conditionOf(pod, 'PodScheduled');
  if (scheduled?.status !== 'False') return undefined;
  if (scheduled.reason !== 'Unschedulable' && scheduled.reason !== 'SchedulingGated') return undefined;
  return { reason: 'Unschedulable', message: scheduled.message ?? 'no node fits' };
}

/**
 * Of a node that falls silent nobody updates the pods. The node controller alone writes Ready, and leaves the containers'
 * own condition as it was.
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

/** Whether a pod has a node and is not yet started. */
export function isStarting(pod: Pod): boolean {
  return (
    pod.metadata.deletionTimestamp === undefined &&
    pod.status.phase === 'Pending' &&
    conditionOf(pod, 'PodScheduled')?.status === 'True'
  );
}

/**
 * Names of the pods that have been starting for long, from when they were first seen to.
 * @param now milliseconds that never run backwards
 */
export function lateStarts(pods: readonly Pod[], firstSeen: FirstSeen, now: number): ReadonlySet<string> {
  firstSeen.begin();
  const since = ({ metadata }: Pod) => firstSeen.since(`${metadata.name} ${metadata.uid}`, 'starting', now);
  const late = pods.filter(pod => isStarting(pod) && now - since(pod) >= STARTING_MS);
  return new Set(late.map(({ metadata }) => metadata.name));
}

/** Whether a pod is one of {@link lateStarts}. */
export type IsLate = (pod: Pod) => boolean;

/** What the kubelet tells of in Events alone: nobody but a person reads them. */
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

/** Of a pod that was evicted, the object stays, and its ReplicaSet has put another in its place. */
function counts({ metadata, status }: Pod): boolean {
  return metadata.deletionTimestamp === undefined && status.phase !== 'Failed' && status.phase !== 'Succeeded';
}

/**
 * The worst problem of some pods, the same for the same set of pods whatever their order.
 * @param refused why further ones cannot be created
 */
export function worstProblem(pods: readonly Pod[], isLate: IsLate, refused?: PodProblem): PodProblem | undefined {
  return [...pods.filter(counts).flatMap(pod => problemOf(pod, isLate) ?? []), ...(refused ? [refused] : [])].sort(
    (a, b) => RANK.indexOf(a.reason) - RANK.indexOf(b.reason) || (a.message < b.message ? -1 : 1),
  )[0];
}
