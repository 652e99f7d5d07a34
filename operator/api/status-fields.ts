import type { ChatClusterStatus } from './chat-cluster.ts';

type Value<T> = T extends readonly (infer Item)[] ? readonly [Fields<Item>] : T extends object ? Fields<T> : true;
/** Type that names every field of `T`, so that none can be left out. */
type Fields<T> = { readonly [K in keyof T]-?: Value<NonNullable<T[K]>> };

const FIELDS: Fields<ChatClusterStatus> = {
  observedGeneration: true,
  identity: true,
  instance: true,
  image: true,
  url: true,
  selector: true,
  gateways: {
    replicas: true,
    readyReplicas: true,
    desiredReplicas: true,
    drainingReplicas: true,
    revision: true,
    connections: true,
  },
  workers: { replicas: true, readyReplicas: true },
  conditions: [
    { type: true, status: true, observedGeneration: true, lastTransitionTime: true, reason: true, message: true },
  ],
};

function paths(fields: object, path: readonly string[] = []): string[] {
  return Object.entries(fields).flatMap(([name, value]: [string, unknown]) => {
    const [item] = Array.isArray(value) ? (value as readonly object[]) : [];
    if (item) return paths(item, [...path, `${name}[]`]);
    return typeof value === 'object' && value !== null ? paths(value, [...path, name]) : [[...path, name].join('.')];
  });
}

/** Fields of the status that the operator writes, as paths below `status`; `[]` stands for each item of a list. */
export const STATUS_FIELDS: readonly string[] = paths(FIELDS);

/**
 * `status` without fields that the CRD does not know: the API server refuses the whole of an apply that names one. Objects and
 * lists that are empty without them are left out too.
 * @param unknown paths in the whole ChatCluster, as in {@link STATUS_FIELDS} below `status`
 */
export function withoutFields(status: ChatClusterStatus, unknown: readonly string[]): ChatClusterStatus {
  return unknown.length === 0 ? status : ((without(status, new Set(unknown), 'status') ?? {}) as ChatClusterStatus);
}

function without(value: unknown, unknown: ReadonlySet<string>, path: string): unknown {
  if (typeof value !== 'object' || value === null) return unknown.has(path) ? undefined : value;
  if (Array.isArray(value)) {
    const items = value.map(item => without(item, unknown, `${path}[]`)).filter(item => item !== undefined);
    return items.length === 0 && value.length > 0 ? undefined : items;
  }
  const before = Object.entries(value);
  const fields = before.flatMap(([name, part]) => {
    const left = without(part, unknown, `${path}.${name}`);
    return left === undefined ? [] : [[name, left]];
  });
  return fields.length === 0 && before.length > 0 ? undefined : Object.fromEntries(fields);
}
