import { KINDS } from '../api/kinds.ts';

export interface Resource {
  readonly kind: string;
  /** `v1` or `group/version`. */
  readonly apiVersion: string;
  readonly plural: string;
}

/** Kinds of the operator, by what their objects are called. */
export const RESOURCES: Readonly<Record<keyof typeof KINDS, Resource>> = KINDS;

const BY_KIND = new Map(Object.values(RESOURCES).map(row => [row.kind, row]));

/** @throws {RangeError} for a kind the operator does not handle */
export function resourceOf(kind: string): Resource {
  const found = BY_KIND.get(kind);
  if (!found) throw new RangeError(`no resource for kind ${kind}`);
  return found;
}

/** Path of a collection or of one object. @param namespace empty for all namespaces */
export function pathOf({ apiVersion, plural }: Resource, namespace: string, ...rest: readonly string[]): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const scope = namespace === '' ? [] : ['namespaces', namespace];
  return [root, ...scope, plural, ...rest].join('/');
}
