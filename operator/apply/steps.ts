import type { KubeObject } from '../api/kube-object.ts';
import {
  APPLIED_HASH,
  CLUSTER_LABEL,
  childName,
  DELETION_COST_ANNOTATION,
  REVISION_LABEL,
  WORKERS_BEFORE_ANNOTATION,
} from '../desired/names.ts';
import type { PodPatch } from '../fleet/pod-patches.ts';
import { type Action, type Observed, objectId } from './plan.ts';

/** One write of a pass, and what it waits for. */
export interface Step {
  /** Id of the object, as {@link objectId}. */
  readonly id: string;
  readonly kind: string;
  /**
   * Content of the write. A failed write is retried with a backoff while this stays the same, and at once when it changes.
   */
  readonly attempt: string;
  /** Ids of objects that must be written before this one, if this pass writes them. */
  readonly needs: readonly string[];
  readonly of: { readonly patch: PodPatch } | { readonly action: Action };
}

interface PodSpec {
  readonly serviceAccountName?: string;
  readonly containers?: readonly {
    readonly envFrom?: readonly { readonly configMapRef?: { readonly name?: string } }[];
  }[];
  readonly volumes?: readonly {
    readonly projected?: { readonly sources?: readonly { readonly configMap?: { readonly name?: string } }[] };
  }[];
}
interface DeploymentObject extends KubeObject {
  readonly spec?: { readonly replicas?: number; readonly template?: { readonly spec?: PodSpec } };
}

const named = (kind: string, names: readonly (string | undefined)[]) =>
  names.flatMap(name => (name === undefined ? [] : [`${kind} ${name}`]));

/** Children without which the pods of a Deployment do not start. */
function startsWith({ spec }: DeploymentObject): string[] {
  const pod = spec?.template?.spec;
  return [
    ...named('ServiceAccount', [pod?.serviceAccountName]),
    ...named(
      'ConfigMap',
      (pod?.containers ?? []).flatMap(({ envFrom = [] }) => envFrom.map(({ configMapRef }) => configMapRef?.name)),
    ),
    ...named(
      'ConfigMap',
      (pod?.volumes ?? []).flatMap(({ projected }) =>
        (projected?.sources ?? []).map(({ configMap }) => configMap?.name),
      ),
    ),
  ];
}

const podId = (name: string) => `Pod ${name}`;

/**
 * Ids of the objects a write waits for. New pods wait for objects they start with that do not exist yet. A Deployment that
 * shrinks waits for the marks on its victims, else Kubernetes would remove other pods. A revision that was undone stays
 * until the workers run what is recorded on it.
 */
function needsOf(
  action: Action,
  actual: DeploymentObject | undefined,
  missing: ReadonlySet<string>,
  marks: Marks,
): string[] {
  if (action.verb === 'delete' && action.object.metadata.annotations?.[WORKERS_BEFORE_ANNOTATION] !== undefined)
    return named('Deployment', [childName.workers(action.object.metadata.labels?.[CLUSTER_LABEL] ?? '')]);
  if (action.verb !== 'apply' || action.object.kind !== 'Deployment') return [];
  const wanted = action.object as DeploymentObject;
  const isNew = action.cause === 'missing' || action.paths.some(path => path.startsWith('spec.template'));
  const revision = wanted.metadata.labels?.[REVISION_LABEL];
  const shrinks = (wanted.spec?.replicas ?? 0) < (actual?.spec?.replicas ?? 0);
  return [
    ...(isNew ? startsWith(wanted).filter(id => missing.has(id)) : []),
    ...(shrinks && revision !== undefined ? (marks.get(revision) ?? []) : []),
  ];
}

/** Ids of the pods marked as victims, by revision. */
type Marks = ReadonlyMap<string, readonly string[]>;

function marksOf(patches: readonly PodPatch[]): Marks {
  const marks = new Map<string, string[]>();
  for (const { pod, annotations } of patches) {
    if (!(DELETION_COST_ANNOTATION in annotations)) continue;
    const revision = pod.metadata.labels?.[REVISION_LABEL] ?? '';
    marks.set(revision, [...(marks.get(revision) ?? []), podId(pod.metadata.name)]);
  }
  return marks;
}

function attemptOf(action: Action): string {
  if (action.verb === 'apply') return action.object.metadata.annotations?.[APPLIED_HASH] ?? '';
  return action.verb === 'prune' ? action.pointers.join() : action.verb;
}

/** Names of the annotations and labels, without values: a time in a value would make each attempt a new one. */
function attemptOfPatch({ annotations, labels }: PodPatch): string {
  return Object.entries({ ...annotations, ...labels })
    .map(([name, value]) => (value === null ? `-${name}` : name))
    .join();
}

/**
 * Writes of a pass in order. Pods come first: victims are marked before the Deployment asks for fewer.
 * @param taken ids of objects that cannot be written because they belong to another owner
 */
export function stepsOf(
  patches: readonly PodPatch[],
  actions: readonly Action[],
  observed: readonly Observed[],
  taken: readonly string[],
): Step[] {
  const actual = new Map(observed.map(({ object }) => [objectId(object), object]));
  const isMade = (action: Action) =>
    action.verb === 'delete' || (action.verb === 'apply' && action.cause === 'missing');
  const missing = new Set([...taken, ...actions.filter(isMade).map(({ object }) => objectId(object))]);
  const marks = marksOf(patches);
  return [
    ...patches.map(patch => ({
      id: podId(patch.pod.metadata.name),
      kind: 'Pod',
      attempt: attemptOfPatch(patch),
      needs: [],
      of: { patch },
    })),
    ...actions.map(action => {
      const id = objectId(action.object);
      const needs = needsOf(action, actual.get(id) as DeploymentObject | undefined, missing, marks);
      return { id, kind: action.object.kind, attempt: attemptOf(action), needs, of: { action } };
    }),
  ];
}
