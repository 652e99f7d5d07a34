import { sameQuantity } from '../api/quantity.ts';
import { findByKeys, isObject, type JsonObject, keysOf } from './list-keys.ts';

const QUANTITIES = /\.resources\.(requests|limits)\.[^.]+$/;

function isEmpty(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}

/** One place where an object does not hold the desired value. */
export interface Difference {
  /**
   * Path such as `.spec.template.spec.containers[gateway].image`; items of a list are named by their merge keys or index.
   */
  readonly path: string;
  /** Value that is there; undefined for none. */
  readonly actual: unknown;
}

/**
 * Differences of `actual` from `desired`. Fields that only `actual` has are no difference, because the API server fills in
 * defaults. Quantities are compared by value, lists by their merge keys.
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

/** Paths of {@link differing}. */
export function differences(actual: unknown, desired: unknown): string[] {
  return differing(actual, desired).map(({ path }) => path);
}
