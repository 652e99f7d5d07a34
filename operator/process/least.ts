/** Smallest of the given amounts; undefined ones are ignored. */
export function least(...amounts: readonly (number | undefined)[]): number | undefined {
  const known = amounts.filter(amount => amount !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
