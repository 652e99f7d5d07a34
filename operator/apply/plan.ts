import { CHILD_KINDS } from '../api/kinds.ts';
import type { KubeObject } from '../api/kube-object.ts';
import type { DesiredObject } from '../desired/child.ts';
import { APPLIED_HASH, CLUSTER_LABEL } from '../desired/names.ts';
import { differing } from './differences.ts';
import { additions, type Foreign, lastFirst } from './foreign.ts';

/** A child as the API server has it. */
export interface Observed {
  readonly object: KubeObject;
  readonly foreign: readonly Foreign[];
}

/** One write that a write plan asks for. */
export type Action =
  /** Server-side apply. `paths` is empty when the child is new. */
  | {
      readonly verb: 'apply';
      readonly cause: 'missing' | 'changed' | 'drifted';
      readonly object: DesiredObject;
      readonly paths: readonly string[];
    }
  /** Removal of values that others added. An apply cannot remove them: it removes only what its own manager set. */
  | {
      readonly verb: 'prune';
      readonly object: KubeObject;
      readonly pointers: readonly string[];
      readonly managers: readonly string[];
    }
  | { readonly verb: 'delete'; readonly object: KubeObject };

/** Knowledge about children that differ from what was written, from earlier writes. */
export interface KnownDrift {
  /**
   * Value, as JSON, that the API server gave a field of the object `id` in place of the written one; undefined if it kept
   * ours.
   */
  admitted(id: string, path: string): string | undefined;
  /** True if repairs of the object `id` pause, because others keep changing it. */
  rests(id: string): boolean;
}

const NOTHING: KnownDrift = { admitted: () => undefined, rests: () => false };

/** Writes that make the children of a ChatCluster hold what is desired. */
export interface WritePlan {
  readonly actions: readonly Action[];
  /** Ids of objects that have the name of a child and belong to another owner. They are left alone. */
  readonly taken: readonly string[];
  /** Ids of objects that others changed and whose repair pauses. */
  readonly resting: readonly string[];
}

/** Kind and name of an object, such as `Deployment chat-workers`. */
export function objectId(object: KubeObject): string {
  return `${object.kind} ${object.metadata.name}`;
}

/** Labels that mark an object without an owner as a child, with every version of the operator. */
const OWN_LABELS = ['app.kubernetes.io/managed-by', CLUSTER_LABEL];

/** True if `actual` is a child of the same ChatCluster, or has no owner and the labels of one with this name. */
export function mayWrite(actual: KubeObject, desired: KubeObject): boolean {
  const owner = actual.metadata.ownerReferences?.find(reference => reference.controller);
  const mine = desired.metadata.ownerReferences?.[0];
  if (owner) return owner.uid === mine?.uid;
  return OWN_LABELS.every(key => actual.metadata.labels?.[key] === desired.metadata.labels?.[key]);
}

/** Adds the version that the decision was made on: the write fails when another writer has changed the object since. */
function atVersion(object: DesiredObject, { metadata: { resourceVersion } }: KubeObject): DesiredObject {
  return resourceVersion === undefined ? object : { ...object, metadata: { ...object.metadata, resourceVersion } };
}

interface ServiceObject extends KubeObject {
  readonly spec?: { readonly type?: string; readonly loadBalancerSourceRanges?: readonly string[] };
}

/**
 * Clears what only a load balancer may have, where `actual` is one and shall not be any more. The API server takes no other
 * type with source ranges that another writer set; it drops all other fields of a load balancer itself.
 */
function withoutBalancer(actual: ServiceObject, object: DesiredObject): DesiredObject {
  const { spec } = object as ServiceObject;
  const leaves = actual.kind === 'Service' && actual.spec?.type === 'LoadBalancer' && spec?.type !== 'LoadBalancer';
  if (!leaves || actual.spec?.loadBalancerSourceRanges === undefined) return object;
  return { ...object, spec: { ...spec, loadBalancerSourceRanges: [] } } as DesiredObject;
}

/** Kinds whose objects stay although they are not desired any more. */
const STAYING = new Set(CHILD_KINDS.filter(({ child }) => child.stays).map(({ kind }) => kind));

const DATA = /^\/(data|binaryData)\b/;

/** The data of an immutable ConfigMap cannot be repaired. The object is deleted, and made again by the next pass. */
function isSealed(actual: KubeObject): boolean {
  return 'immutable' in actual && actual.immutable === true;
}

/** True if an action only undoes what others did. */
export function isPutBack(action: Action): boolean {
  return action.verb === 'prune' || (action.verb === 'apply' && action.cause === 'drifted');
}

/** True if waiting with the action would let the pods of a Deployment be replaced. */
function movesClients(action: Action): boolean {
  return action.verb === 'prune' && action.pointers.some(pointer => pointer.startsWith('/spec/template/'));
}

/**
 * Next write that makes a child hold `object`. A removal waits until nothing is left to apply, because it is planned on the
 * object as it is before the apply.
 */
function repair({ object: actual, foreign }: Observed, object: DesiredObject, kept: KnownDrift): Action | undefined {
  const id = objectId(object);
  const found = foreign.map(({ manager, fields }) => ({ manager, ...additions(fields, actual, object) }));
  const paths = [
    ...differing(actual, object)
      .filter(({ path, actual: value }) => kept.admitted(id, path) !== `${JSON.stringify(value)}`)
      .map(({ path }) => path.slice(1)),
    ...found.flatMap(({ replace }) => replace.map(pointer => pointer.slice(1).replaceAll('/', '.'))),
  ];
  const pointers = lastFirst(found.flatMap(({ remove }) => remove));
  if (isSealed(actual) && [...paths.map(path => `/${path}`), ...pointers].some(path => DATA.test(path)))
    return { verb: 'delete', object: actual };
  if (paths.length > 0) {
    const changed = actual.metadata.annotations?.[APPLIED_HASH] !== object.metadata.annotations?.[APPLIED_HASH];
    return {
      verb: 'apply',
      cause: changed ? 'changed' : 'drifted',
      object: atVersion(withoutBalancer(actual, object), actual),
      paths,
    };
  }
  const managers = found.filter(({ remove }) => remove.length > 0).map(({ manager }) => manager);
  return pointers.length > 0 ? { verb: 'prune', object: actual, pointers, managers } : undefined;
}

/**
 * Write plan that makes `observed` hold `wanted`; without actions when it does.
 * @param inUse names of ConfigMaps that stay although they are not wanted any more
 */
export function planWrites(
  observed: readonly Observed[],
  wanted: readonly DesiredObject[],
  inUse: ReadonlySet<string> = new Set(),
  kept: KnownDrift = NOTHING,
): WritePlan {
  const resting: string[] = [];
  const actual = new Map(observed.map(child => [objectId(child.object), child]));
  const actions: Action[] = [];
  const taken: string[] = [];
  for (const object of wanted) {
    const id = objectId(object);
    const child = actual.get(id);
    actual.delete(id);
    if (!child) {
      actions.push({ verb: 'apply', cause: 'missing', object, paths: [] });
      continue;
    }
    if (!mayWrite(child.object, object)) {
      taken.push(id);
      continue;
    }
    // It is being deleted. Once it is gone, the next pass makes it again.
    if (child.object.metadata.deletionTimestamp !== undefined) continue;
    const action = repair(child, object, kept);
    if (action && isPutBack(action) && !movesClients(action) && kept.rests(id)) resting.push(id);
    else if (action) actions.push(action);
  }
  const uid = wanted[0]?.metadata.ownerReferences?.[0]?.uid;
  for (const { object } of actual.values()) {
    if (object.kind === 'ConfigMap' && inUse.has(object.metadata.name)) continue;
    if (STAYING.has(object.kind)) continue;
    const owner = object.metadata.ownerReferences?.find(reference => reference.controller);
    if (owner?.uid === uid && object.metadata.deletionTimestamp === undefined) actions.push({ verb: 'delete', object });
  }
  return { actions, taken, resting };
}
