import { TRAFFIC_ANNOTATION, type TrafficIntent } from '../../server/contract/traffic.ts';
import type { Pod } from '../api/kube-object.ts';
import { trafficOf } from '../api/traffic.ts';
import {
  ACCEPT,
  CLIENTS_LABEL,
  DELETION_COST_ANNOTATION,
  OPTIONS_ANNOTATION,
  REVISION_LABEL,
} from '../desired/names.ts';
import type { FleetPlan } from './fleet.ts';

type Change = Readonly<Record<string, string | null>>;

/** Annotations and labels of a pod to change; null removes one. */
export interface PodPatch {
  readonly pod: Pod;
  readonly annotations: Change;
  readonly labels: Change;
}

/** Inputs of pod patches besides the fleet plan. */
export interface PodSurroundings {
  /** Version of the reloadable options in their ConfigMap; undefined while it is being written. */
  readonly version: string | undefined;
  /** Labels that the client Service selects now; undefined without a Service. */
  readonly selector: Readonly<Record<string, string>> | undefined;
  /** Revisions whose pods have {@link CLIENTS_LABEL}. */
  readonly labelled: ReadonlySet<string>;
  /** Names of the pods that report to refuse new connections. */
  readonly refusing: ReadonlySet<string>;
}

/**
 * Deletion cost of a gateway that is being emptied: the ReplicaSet controller removes it before any other that is ready.
 */
const VICTIM_COST = '-1000000';
const VICTIM_REASONS: ReadonlySet<string> = new Set(['ScaleDown', 'Hibernate', 'Rollout']);

/** True if a gateway with this intent is to be removed once it is empty. */
export function isVictim(intent: TrafficIntent | undefined): boolean {
  return intent !== undefined && VICTIM_REASONS.has(intent.reason);
}

/** True if the client Service would not select a pod without its label either. Without a Service the answer is false. */
function isUnselected({ metadata }: Pod, selector: PodSurroundings['selector']): boolean {
  const { [CLIENTS_LABEL]: _, ...labels } = metadata.labels ?? {};
  return selector !== undefined && Object.entries(selector).some(([key, value]) => labels[key] !== value);
}

/**
 * Changes intent, label and deletion cost in one write, so that there is no state in between. When a gateway is to take
 * clients again, only the label waits until the gateway no longer refuses them. A label changed by hand is set back.
 */
function trafficChange(
  pod: Pod,
  intents: FleetPlan['intents'],
  { selector, labelled, refusing }: PodSurroundings,
): Omit<PodPatch, 'pod'> {
  const { name, labels = {} } = pod.metadata;
  const current = trafficOf(pod) ?? undefined;
  const wanted = intents.has(name) ? intents.get(name) : current;
  const unselected = wanted !== undefined && isUnselected(pod, selector);
  const isNew = intents.has(name) || (current?.unselected ?? false) !== unselected;
  const before = labels[CLIENTS_LABEL];
  const open = refusing.has(name) ? before : ACCEPT;
  const label = wanted === undefined ? open : undefined;
  const isLabelled = labelled.has(labels[REVISION_LABEL] ?? '');
  return {
    annotations: isNew ? annotationsOf(wanted, unselected) : {},
    labels: isLabelled && before !== label ? { [CLIENTS_LABEL]: label ?? null } : {},
  };
}

function annotationsOf(wanted: TrafficIntent | undefined, unselected: boolean): Change {
  if (!wanted) return { [TRAFFIC_ANNOTATION]: null, [DELETION_COST_ANNOTATION]: null };
  const { unselected: _, ...intent } = wanted;
  return {
    [TRAFFIC_ANNOTATION]: JSON.stringify(unselected ? { ...intent, unselected } : intent),
    [DELETION_COST_ANNOTATION]: isVictim(wanted) ? VICTIM_COST : null,
  };
}

/**
 * Patches of gateway pods, including the version of the reloadable options. The kubelet refreshes the files of a pod when
 * its annotations change, else up to a minute later.
 */
export function podPatches(pods: readonly Pod[], intents: FleetPlan['intents'], around: PodSurroundings): PodPatch[] {
  const { version } = around;
  return pods.flatMap(pod => {
    if (pod.metadata.deletionTimestamp !== undefined) return [];
    const isOld = version !== undefined && pod.metadata.annotations?.[OPTIONS_ANNOTATION] !== version;
    const traffic = trafficChange(pod, intents, around);
    const annotations = { ...traffic.annotations, ...(isOld ? { [OPTIONS_ANNOTATION]: version } : {}) };
    const isSame = Object.keys(annotations).length === 0 && Object.keys(traffic.labels).length === 0;
    return isSame ? [] : [{ pod, annotations, labels: traffic.labels }];
  });
}
