export interface Weighted {
  readonly value: number;
  /** How much it counts: for how long it was so, in milliseconds. */
  readonly length: number;
}

/** The value that stands in the middle of `all` by their lengths; undefined without any. */
export function median(all: readonly Weighted[]): number | undefined {
  const half = all.reduce((sum, { length }) => sum + length, 0) / 2;
  let seen = 0;
  for (const { value, length } of all.toSorted((a, b) => a.value - b.value)) {
    seen += length;
    if (seen >= half) return value;
  }
  return undefined;
}
