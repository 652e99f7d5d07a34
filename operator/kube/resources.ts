import { KINDS } from '../api/kinds.ts';

/** A kind of object and where the API server has it. */
export interface Resource {
  readonly kind: string;
  /** `v1` or `group/version`. */
  readonly apiVersion: string;
  readonly plural: string;
}

/** Every kind the operator reads or writes, by the name of its objects. */
export const RESOURCES: Readonly<Record<keyof typeof KINDS, Resource>> = KINDS;

const BY_KIND = new Map(Object.values(RESOURCES).map(row => [row.kind, row]));

/** Resource of a kind. @throws {RangeError} for a kind the operator does not handle */
export function resourceOf(kind: string): Resource {
  const found = BY_KIND.get(kind);
  if (!found) throw new RangeError(`no resource for kind ${kind}`);
  return found;
}

/** Path of a collection or of one object. @param namespace empty for all namespaces @param rest name and subresource */
export function pathOf({ apiVersion, plural }: Resource, namespace: string, ...rest: readonly string[]): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const scope = namespace === '' ? [] : ['namespaces', namespace];
  return [root, ...scope, plural, ...rest].join('/');
}
