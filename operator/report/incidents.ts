import type { Pod, PodContainer } from '../api/kube-object.ts';
import type { Verdict } from './conditions.ts';

/** Milliseconds for which an incident of a pod is reported after it is over. */
export const RECENT_MS = 3_600_000;

const RANK = ['OOMKilled', 'Evicted', 'Preempted', 'PodFailed', 'Restarted'] as const;

interface Incident {
  readonly reason: (typeof RANK)[number];
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Text beside the number of pods; where possible the same for all pods with one cause. */
  readonly detail: string;
  readonly restarts: number;
}

const WORDS: Readonly<Record<Incident['reason'], string>> = {
  OOMKilled: 'killed because it ran out of memory',
  Evicted: 'evicted by the kubelet',
  Preempted: 'preempted by pods of a higher priority',
  PodFailed: 'failed',
  Restarted: 'started again',
};

function ofContainer({ name, restarts, lastExit, memoryLimit }: PodContainer, isLeaving: boolean): Incident[] {
  const at = Date.parse(lastExit?.finishedAt ?? '');
  if (!lastExit || !(at >= 0)) return [];
  if (lastExit.reason === 'OOMKilled') {
    const limit = memoryLimit === undefined ? '' : `, memory limit ${memoryLimit}`;
    return [{ reason: 'OOMKilled', at, detail: `container ${name}${limit}`, restarts }];
  }
  // A pod that is being deleted stops its containers, and an init container ends once.
  if (isLeaving || restarts === 0) return [];
  const words = lastExit.message === undefined ? '' : `: ${lastExit.message}`;
  const detail = `container ${name}, last exit code ${lastExit.exitCode ?? 'unknown'}${words}`;
  return [{ reason: 'Restarted', at, detail, restarts }];
}

/** Time of the last change of any condition of the pod, in ms since 1970: its end, if it has ended. */
function changedAt({ status }: Pod): number {
  return Math.max(0, ...status.conditions.map(({ lastTransitionTime }) => Date.parse(lastTransitionTime ?? '') || 0));
}

function ofPod(pod: Pod): Incident[] {
  const { metadata, status } = pod;
  const isLeaving = metadata.deletionTimestamp !== undefined;
  const end = { at: changedAt(pod), restarts: 0 };
  const target = status.conditions.find(({ type, status: is }) => type === 'DisruptionTarget' && is === 'True');
  if (target?.reason === 'PreemptionByScheduler') return [{ ...end, reason: 'Preempted', detail: '' }];
  if (status.phase === 'Failed' && !isLeaving)
    return status.reason === 'Evicted'
      ? [{ ...end, reason: 'Evicted', detail: status.message ?? '' }]
      : [{ ...end, reason: 'PodFailed', detail: [status.reason, status.message].filter(Boolean).join(': ') }];
  const containers = [...status.containers, ...(status.initContainers ?? [])];
  return containers.flatMap(container => ofContainer(container, isLeaving)).slice(0, 1);
}

/** Incidents of the last hour, at most one for each pod. */
function recent(pods: readonly Pod[], now: number): Incident[] {
  return pods.flatMap(ofPod).filter(({ at }) => now - at < RECENT_MS);
}

/** A sentence on the pods with an incident of `reason`; the first detail in order stands for all. */
function sentence(noun: string, incidents: readonly Incident[], reason: Incident['reason']): string[] {
  const of = incidents.filter(incident => incident.reason === reason);
  if (of.length === 0) return [];
  const restarts = of.reduce((sum, incident) => sum + incident.restarts, 0);
  const [detail = ''] = of.map(incident => incident.detail).sort();
  const more = [detail, restarts > 0 ? `restarts: ${restarts}` : ''].filter(text => text !== '').join('; ');
  return [`${of.length} ${noun}${of.length === 1 ? '' : 's'} ${WORDS[reason]}${more === '' ? '' : ` (${more})`}`];
}

/**
 * The condition `PodsStable`: False for an hour after a pod was killed, evicted or restarted, even if it works again.
 * @param now milliseconds since 1970
 */
export function podsStable(gateways: readonly Pod[], workers: readonly Pod[], now: number): Verdict {
  const type = 'PodsStable';
  const [ofGateways, ofWorkers] = [recent(gateways, now), recent(workers, now)];
  const reason = RANK.find(each => [...ofGateways, ...ofWorkers].some(incident => incident.reason === each));
  if (!reason)
    return { type, status: 'True', reason: 'Stable', message: 'no pod was killed or failed in the last hour' };
  const message = [...sentence('gateway', ofGateways, reason), ...sentence('worker', ofWorkers, reason)].join(', ');
  return { type, status: 'False', reason, message: `in the last hour ${message}` };
}
