/** Keys by which the API server merges the items of a list, by the list's field. All other lists are one value. */
const LIST_KEYS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  conditions: [['type']],
  containers: [['name']],
  env: [['name']],
  imagePullSecrets: [['name']],
  ownerReferences: [['uid']],
  ports: [
    ['containerPort', 'protocol'],
    ['port', 'protocol'],
  ],
  volumeMounts: [['mountPath']],
  volumes: [['name']],
  topologySpreadConstraints: [['topologyKey', 'whenUnsatisfiable']],
};

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The keys that identify the items of `list` in the field called `field`; undefined if the list is one value. */
export function keysOf(field: string, list: readonly unknown[]): readonly string[] | undefined {
  return LIST_KEYS[field]?.find(keys => list.every(item => isObject(item) && keys.every(key => key in item)));
}

export function findByKeys(list: readonly unknown[], wanted: JsonObject, keys: readonly string[]): number {
  return list.findIndex(item => isObject(item) && keys.every(key => item[key] === wanted[key]));
}
