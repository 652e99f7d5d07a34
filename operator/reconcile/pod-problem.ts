import type { Pod } from '../api/kube-object.ts';

/** Why a pod does not work, as far as its status says. */
export interface PodProblem {
  readonly reason: 'SecretNotFound' | 'ConfigError' | 'ImagePullFailed' | 'CrashLooping' | 'Unschedulable';
  readonly message: string;
}

/** Waiting reasons of the kubelet. A missing Secret or key is told from other causes by the message. */
const WAITING: Readonly<Record<string, PodProblem['reason']>> = {
  CreateContainerConfigError: 'ConfigError',
  CreateContainerError: 'ConfigError',
  RunContainerError: 'ConfigError',
  ErrImagePull: 'ImagePullFailed',
  ImagePullBackOff: 'ImagePullFailed',
  ErrImageNeverPull: 'ImagePullFailed',
  InvalidImageName: 'ImagePullFailed',
  CrashLoopBackOff: 'CrashLooping',
};
const RANK: readonly PodProblem['reason'][] = [
  'SecretNotFound',
  'ConfigError',
  'ImagePullFailed',
  'CrashLooping',
  'Unschedulable',
];

/** A sidecar that does not start keeps its pod from being ready, and often only because the process it serves does not run. */
function ownFirst({ metadata, status }: Pod): Pod['status']['containers'] {
  const own = metadata.labels?.['app.kubernetes.io/component'];
  return [...status.containers].sort((a, b) => Number(b.name === own) - Number(a.name === own));
}

function problemOf(pod: Pod): PodProblem | undefined {
  for (const { name, waiting, lastExit } of ownFirst(pod)) {
    const reason = WAITING[waiting?.reason ?? ''];
    if (!reason) continue;
    const said = waiting?.message ?? '';
    if (reason === 'ConfigError' && /^secret ".*" not found|in Secret /i.test(said))
      return { reason: 'SecretNotFound', message: said };
    if (reason === 'CrashLooping') {
      // The kubelet's message counts seconds of back-off and would change with every pass.
      const exit = lastExit?.exitCode === undefined ? '' : `, last exit code ${lastExit.exitCode}`;
      return { reason, message: `container ${name} keeps stopping${exit}; see its log` };
    }
    // The kubelet says now one thing, now another while it backs off.
    if (reason === 'ImagePullFailed') return { reason, message: `the image of container ${name} cannot be pulled` };
    return { reason, message: said === '' ? (waiting?.reason ?? '') : said };
  }
  const scheduled = pod.status.conditions.find(condition => condition.type === 'PodScheduled');
  if (scheduled?.status === 'False' && scheduled.reason === 'Unschedulable')
    return { reason: 'Unschedulable', message: scheduled.message ?? 'no node fits' };
  return undefined;
}

/** The worst problem of some pods, the same for the same set of pods whatever their order. */
export function worstProblem(pods: readonly Pod[]): PodProblem | undefined {
  return pods
    .filter(pod => pod.metadata.deletionTimestamp === undefined)
    .flatMap(pod => problemOf(pod) ?? [])
    .sort((a, b) => RANK.indexOf(a.reason) - RANK.indexOf(b.reason) || (a.message < b.message ? -1 : 1))[0];
}
