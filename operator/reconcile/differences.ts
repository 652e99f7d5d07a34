import { findByKeys, isObject, keysOf } from './list-keys.ts';
import { sameQuantity } from './quantity.ts';

const QUANTITIES = /\.resources\.(requests|limits)\.[^.]+$/;

function isEmpty(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}

/**
 * Paths at which `live` does not hold what `desired` says. Fields only `live` has are no difference: the API server
 * fills in defaults. Amounts are compared by value, lists by their merge keys.
 */
export function differences(live: unknown, desired: unknown, path = ''): string[] {
  if (isEmpty(desired) && isEmpty(live)) return [];
  if (Array.isArray(desired)) {
    if (!Array.isArray(live)) return [path];
    const keys = keysOf(path.slice(path.lastIndexOf('.') + 1), desired);
    if (!keys) {
      if (live.length !== desired.length) return [path];
      return desired.flatMap((item, index) => differences(live[index], item, `${path}[${index}]`));
    }
    return desired.flatMap(item => {
      const name = `${path}[${keys.map(key => item[key]).join('/')}]`;
      const index = findByKeys(live, item, keys);
      return index < 0 ? [name] : differences(live[index], item, name);
    });
  }
  if (isObject(desired)) {
    if (!isObject(live)) return [path];
    return Object.entries(desired).flatMap(([key, value]) => differences(live[key], value, `${path}.${key}`));
  }
  if (live === desired || (QUANTITIES.test(path) && sameQuantity(live, desired))) return [];
  return [path];
}
