/** A LOG stream and its consumers at one moment. */
export interface PurgeView {
  readonly first: number;
  readonly last: number;
  /** Everything up to these is acknowledged, by durable consumer. */
  readonly floors: ReadonlyMap<string, number>;
  /** Consumers that must be there: without them nobody knows what is stored. */
  readonly required: readonly string[];
  /** First message inside the hot window; null when all are older; undefined when it could not be told. */
  readonly hot: number | null | undefined;
}

/**
 * The sequence below which a stream is purged, or null to leave it: at most one above what every durable consumer has
 * acknowledged, and at most the start of the hot window. Nothing that is not in MongoDB is ever below it. Pure.
 */
export function purgeBelow(view: PurgeView): number | null {
  if (view.hot === undefined || view.floors.size === 0) return null;
  if (view.required.some(name => !view.floors.has(name))) return null;
  const below = Math.min(...view.floors.values(), view.last, (view.hot ?? Number.POSITIVE_INFINITY) - 1) + 1;
  return below > view.first ? below : null;
}
