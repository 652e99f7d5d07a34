import { KINDS, type Kind } from '../api/kinds.ts';

/**
 * Merge keys of lists, by the list's field: the API server identifies items by them. A field such as `ports` has several
 * sets of keys, those of a container and those of a Service. All other lists are one value.
 */
const LIST_KEYS = new Map<string, readonly string[][]>();

function add(field: string, keys: readonly string[]): void {
  LIST_KEYS.set(field, [...(LIST_KEYS.get(field) ?? []), [...keys]]);
}

// Merge keys of lists in the metadata of every kind.
add('ownerReferences', ['uid']);
for (const { listKeys = {} } of Object.values(KINDS) as readonly Kind[])
  for (const [field, keys] of Object.entries(listKeys)) add(field, keys);

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Keys that identify the items of `list` in the field called `field`; undefined if the list is one value. */
export function keysOf(field: string, list: readonly unknown[]): readonly string[] | undefined {
  return LIST_KEYS.get(field)?.find(keys => list.every(item => isObject(item) && keys.every(key => key in item)));
}

/** Index of the item with the same keys as `wanted`; -1 for none. */
export function findByKeys(list: readonly unknown[], wanted: JsonObject, keys: readonly string[]): number {
  return list.findIndex(item => isObject(item) && keys.every(key => item[key] === wanted[key]));
}
