import { CHILD_KINDS } from '../api/kinds.ts';
import type { KubeObject } from '../api/kube-object.ts';
import { FIELD_MANAGER, REVISION_LABEL } from '../desired/names.ts';
import { findByKeys, isObject, type JsonObject } from './list-keys.ts';

/** `fieldsV1`: keys are `f:field`, `k:{"merge":"keys"}`, `v:value` and `.`; an empty object is a field owned whole. */
export type FieldSet = { readonly [key: string]: FieldSet };

/** Fields of one object that another manager owns in a place where only the operator may write. */
export interface Foreign {
  readonly manager: string;
  readonly fields: FieldSet;
}

interface ManagedFieldsEntry {
  readonly manager?: string;
  readonly subresource?: string;
  readonly fieldsV1?: FieldSet;
}

/** A field as `fieldsV1` names it. @param path with dots */
const fieldsAt = (path: string): readonly string[] => path.split('.').map(name => `f:${name}`);

/** Fields in which only the operator may write, and exceptions inside them, by kind; see `ChildRules`. */
const ZONES = new Map(
  CHILD_KINDS.map(({ kind, child }) => [kind, { only: child.only.map(fieldsAt), free: child.free.map(fieldsAt) }]),
);

function restrict(fields: FieldSet, path: readonly string[]): FieldSet | undefined {
  const [head, ...rest] = path;
  if (head === undefined) return fields;
  const below = fields[head] && restrict(fields[head], rest);
  return below && { [head]: below };
}

function without(fields: FieldSet, path: readonly string[]): FieldSet | undefined {
  const [head, ...rest] = path;
  if (head === undefined) return undefined;
  const child = fields[head];
  if (!child) return fields;
  const below = without(child, rest);
  const { [head]: _, ...others } = fields;
  const kept = below && Object.keys(below).length > 0 ? { ...others, [head]: below } : others;
  return Object.keys(kept).length > 0 ? kept : undefined;
}

interface RolledObject extends KubeObject {
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
  };
}

/**
 * True if the Deployment controller is replacing gateways, because a person annotated their template. It would move clients
 * from one gateway that goes to another that goes next, so the annotation is removed. Once the gateways are replaced the
 * annotation stays: removing it then would replace them again.
 */
function isReplacing({ kind, metadata, status = {} }: RolledObject): boolean {
  if (kind !== 'Deployment' || metadata.labels?.[REVISION_LABEL] === undefined) return false;
  const { observedGeneration, replicas = 0, updatedReplicas = 0 } = status;
  return observedGeneration !== metadata.generation || updatedReplicas < replicas;
}

/** Fields of a child that other managers own although only the operator may write them; usually none. */
export function foreignFields(
  child: KubeObject,
  managedFields: readonly ManagedFieldsEntry[] | undefined,
): readonly Foreign[] {
  const zone = ZONES.get(child.kind);
  if (!zone) return [];
  const free = isReplacing(child) ? [] : zone.free;
  return (managedFields ?? []).flatMap(({ manager = '', subresource, fieldsV1 }) => {
    if (manager === FIELD_MANAGER || subresource !== undefined || !fieldsV1) return [];
    return zone.only.flatMap(path => {
      let fields = restrict(fieldsV1, path);
      for (const part of free) fields = fields && without(fields, part);
      return fields && Object.keys(fields).length > 0 ? [{ manager, fields }] : [];
    });
  });
}

function step(
  key: string,
  actual: unknown,
  wanted: unknown,
): { name: string; actual: unknown; wanted: unknown } | undefined {
  const text = key.slice(2);
  if (key.startsWith('f:'))
    return {
      name: text,
      actual: isObject(actual) ? actual[text] : undefined,
      wanted: isObject(wanted) ? wanted[text] : undefined,
    };
  if (!Array.isArray(actual) || !(key.startsWith('k:') || key.startsWith('v:'))) return undefined;
  const list = Array.isArray(wanted) ? wanted : [];
  const value = JSON.parse(text) as JsonObject;
  const find = (items: readonly unknown[]) =>
    key.startsWith('v:') ? items.indexOf(value) : findByKeys(items, value, Object.keys(value));
  const index = find(actual);
  return { name: String(index), actual: actual[index], wanted: list[find(list)] };
}

/** Values that others added to an object. */
export interface Additions {
  /** JSON pointers of values that an apply cannot remove. Remove them in this order: items of a list come from its end. */
  readonly remove: readonly string[];
  /** JSON pointers of values without parts, such as a Service's selector: an apply replaces each as a whole. */
  readonly replace: readonly string[];
}

/**
 * Sorts pointers from the end of each list to its beginning, so that a removal does not move what is still to be removed.
 */
export function lastFirst(pointers: Iterable<string>): string[] {
  return [...new Set(pointers)].sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
}

function hasMore(actual: unknown, desired: unknown): boolean {
  return isObject(actual) && isObject(desired) && Object.keys(actual).some(key => !(key in desired));
}

/** Values in `actual` that others own and `desired` does not have. */
export function additions(fields: FieldSet, actual: unknown, desired: unknown, pointer = ''): Additions {
  const parts = Object.keys(fields).filter(key => key !== '.');
  if (parts.length === 0) return { remove: [], replace: hasMore(actual, desired) ? [pointer] : [] };
  const found = parts.map((key): Additions => {
    const next = step(key, actual, desired);
    if (!next || next.actual === undefined) return { remove: [], replace: [] };
    const at = `${pointer}/${next.name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (next.wanted === undefined) return { remove: [at], replace: [] };
    return additions(fields[key] ?? {}, next.actual, next.wanted, at);
  });
  return {
    remove: lastFirst(found.flatMap(below => below.remove)),
    replace: found.flatMap(below => below.replace),
  };
}
