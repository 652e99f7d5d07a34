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
  readonly actual: unknown;
}

/**
 * Where `actual` does not hold what `desired` says. Fields only `actual` has are no difference: the API server fills in defaults.
 * Amounts are compared by value, lists by their merge keys.
 */
export function differing(actual: unknown, desired: unknown, path = ''): Difference[] {
  if (isEmpty(desired) && isEmpty(actual)) return [];
  if (Array.isArray(desired)) return Array.isArray(actual) ? inList(actual, desired, path) : [{ path, actual }];
  if (isObject(desired)) {
    if (!isObject(actual)) return [{ path, actual }];
    return Object.entries(desired).flatMap(([key, value]) => differing(actual[key], value, `${path}.${key}`));
  }
  if (actual === desired || (QUANTITIES.test(path) && sameQuantity(actual, desired))) return [];
  return [{ path, actual }];
}

function inList(actual: readonly unknown[], desired: readonly unknown[], path: string): Difference[] {
  const keys = keysOf(path.slice(path.lastIndexOf('.') + 1), desired);
  if (!keys) {
    if (actual.length !== desired.length) return [{ path, actual }];
    return desired.flatMap((item, index) => differing(actual[index], item, `${path}[${index}]`));
  }
  return (desired as readonly JsonObject[]).flatMap(item => {
    const name = `${path}[${keys.map(key => item[key]).join('/')}]`;
    const index = findByKeys(actual, item, keys);
    return index < 0 ? [{ path: name, actual: undefined }] : differing(actual[index], item, name);
  });
}

/** The paths of {@link differing}. */
export function differences(actual: unknown, desired: unknown): string[] {
  return differing(actual, desired).map(({ path }) => path);
}
