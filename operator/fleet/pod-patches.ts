import { TRAFFIC_ANNOTATION } from '../../server/contract.ts';
import type { Pod } from '../api/kube-object.ts';
import { DELETION_COST_ANNOTATION, OPTIONS_ANNOTATION } from '../desired/names.ts';
import type { FleetPlan } from './fleet.ts';

/** Annotations of a pod that are to change; null takes one away. */
export interface PodPatch {
  readonly pod: Pod;
  readonly annotations: Readonly<Record<string, string | null>>;
}

/** Of a gateway that is being emptied: the ReplicaSet controller takes it before any other that runs. */
const VICTIM_COST = '-1000000';
const VICTIM_REASONS: ReadonlySet<string> = new Set(['ScaleDown', 'Hibernate', 'Rollout']);

/** Intent and deletion cost go in one write, so that there is no state between them. */
function trafficOf(pod: Pod, intents: FleetPlan['intents']): PodPatch['annotations'] {
  if (!intents.has(pod.metadata.name)) return {};
  const intent = intents.get(pod.metadata.name);
  return {
    [TRAFFIC_ANNOTATION]: intent ? JSON.stringify(intent) : null,
    [DELETION_COST_ANNOTATION]: intent && VICTIM_REASONS.has(intent.reason) ? VICTIM_COST : null,
  };
}

/**
 * The writes to gateway pods.
 * @param version of the live options as their ConfigMap has them; undefined while it is being written. The kubelet refreshes
 * the files of a pod when its annotations change, else up to a minute later.
 */
export function podPatches(
  pods: readonly Pod[],
  intents: FleetPlan['intents'],
  version: string | undefined,
): PodPatch[] {
  return pods.flatMap(pod => {
    if (pod.metadata.deletionTimestamp !== undefined) return [];
    const isOld = version !== undefined && pod.metadata.annotations?.[OPTIONS_ANNOTATION] !== version;
    const annotations = { ...trafficOf(pod, intents), ...(isOld ? { [OPTIONS_ANNOTATION]: version } : {}) };
    return Object.keys(annotations).length > 0 ? [{ pod, annotations }] : [];
  });
}
