import { sameQuantity } from '../api/quantity.ts';
import { findByKeys, isObject, type JsonObject, keysOf } from './list-keys.ts';

const QUANTITIES = /\.resources\.(requests|limits)\.[^.]+$/;

function isEmpty(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}

/** A place at which an object does not hold what it should. */
export interface Difference {
  readonly path: string;
  /** What is there; undefined for nothing. */
  readonly live: unknown;
}

/**
 * Where `live` does not hold what `desired` says. Fields only `live` has are no difference: the API server fills in defaults.
 * Amounts are compared by value, lists by their merge keys.
 */
export function differing(live: unknown, desired: unknown, path = ''): Difference[] {
  if (isEmpty(desired) && isEmpty(live)) return [];
  if (Array.isArray(desired)) return Array.isArray(live) ? inList(live, desired, path) : [{ path, live }];
  if (isObject(desired)) {
    if (!isObject(live)) return [{ path, live }];
    return Object.entries(desired).flatMap(([key, value]) => differing(live[key], value, `${path}.${key}`));
  }
  if (live === desired || (QUANTITIES.test(path) && sameQuantity(live, desired))) return [];
  return [{ path, live }];
}

function inList(live: readonly unknown[], desired: readonly unknown[], path: string): Difference[] {
  const keys = keysOf(path.slice(path.lastIndexOf('.') + 1), desired);
  if (!keys) {
    if (live.length !== desired.length) return [{ path, live }];
    return desired.flatMap((item, index) => differing(live[index], item, `${path}[${index}]`));
  }
  return (desired as readonly JsonObject[]).flatMap(item => {
    const name = `${path}[${keys.map(key => item[key]).join('/')}]`;
    const index = findByKeys(live, item, keys);
    return index < 0 ? [{ path: name, live: undefined }] : differing(live[index], item, name);
  });
}

/** The paths of {@link differing}. */
export function differences(live: unknown, desired: unknown): string[] {
  return differing(live, desired).map(({ path }) => path);
}
