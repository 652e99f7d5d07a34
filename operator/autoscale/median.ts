/** A value and its weight. */
export interface Weighted {
  readonly value: number;
  /** Weight: for how long it was so, in milliseconds. */
  readonly length: number;
}

/** Weighted median; undefined without values. */
export function median(all: readonly Weighted[]): number | undefined {
  const half = all.reduce((sum, { length }) => sum + length, 0) / 2;
  let seen = 0;
  for (const { value, length } of all.toSorted((a, b) => a.value - b.value)) {
    seen += length;
    if (seen >= half) return value;
  }
  return undefined;
}
