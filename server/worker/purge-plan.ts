/** Share of a LOG stream's `max_bytes` above which stored messages go although the hot window has not passed. */
export const PRESSED_ABOVE = 0.7;
/** Share it is then brought down to: far enough that a busy stream is not purged at every look. */
export const PRESSED_TO = 0.5;
/** Share from which the stream may soon be full. People hear of it when that much must be kept, because it is not stored. */
export const NEARLY_FULL = 0.8;

/**
 * Milliseconds that stored messages stay in LOG. When NATS starts it learns the ids it recognises from the messages there, and
 * gateways trust it with ids of half the deduplication window: so they stay at least as long. Pure.
 */
export function hotWindowMs(options: { readonly hotWindowSeconds: number; readonly dedupeSeconds: number }): number {
  return Math.max(options.hotWindowSeconds, options.dedupeSeconds / 2) * 1_000;
}

/** The part of a LOG stream that a consumer of ours still needs. */
export interface Claim {
  readonly name: string;
  /** Everything up to this sequence is acknowledged; null when the consumer is missing, so that nothing is known to be. */
  readonly floor: number | null;
  /** See {@link LogConsumer.greatestLag}. */
  readonly greatestLag: number;
}

/** A LOG stream and the claims on it at one moment. */
export interface LogView {
  readonly first: number;
  readonly last: number;
  readonly bytes: number;
  /** Not above 0: without a bound. */
  readonly maxBytes: number;
  readonly claims: readonly Claim[];
  /** First message inside the hot window; null when all are older; undefined when it was not asked or could not be told. */
  readonly hot: number | null | undefined;
}

export interface PurgePlan {
  /** Sequence below which messages go; null when none do. */
  readonly below: number | null;
  /** True if messages inside the hot window are among them. */
  readonly shortens: boolean;
  /** True if what has to stay nearly fills the stream: soon it refuses messages, unless storing catches up. */
  readonly nearlyFull: boolean;
}

type Size = Pick<LogView, 'bytes' | 'maxBytes'>;

/** True if the stream is so full that the hot window is given up. Pure. */
export const isPressed = ({ bytes, maxBytes }: Size) => maxBytes > 0 && bytes > PRESSED_ABOVE * maxBytes;

/** True if it is so full that room comes before everything but what is not stored. Pure. */
export const isNearlyFull = ({ bytes, maxBytes }: Size) => maxBytes > 0 && bytes > NEARLY_FULL * maxBytes;

/**
 * What a purge removes: what all consumers have acknowledged and the hot window has left behind. The window is a wish:
 * when the stream fills, as many of the oldest go as bring it down to {@link PRESSED_TO}, by their mean size. What a
 * consumer has not acknowledged never goes. Pure.
 */
export function planPurge(view: LogView): PurgePlan {
  const { last, bytes, maxBytes, hot } = view;
  const first = Math.max(1, view.first); // a stream that never had a message begins at 0
  const held = heldAbove(view);
  const count = last - first + 1;
  if (count <= 0) return { below: null, shortens: false, nearlyFull: false };
  const mean = bytes / count;
  const stays = (last - Math.max(held, first - 1)) * mean;
  const nearlyFull = isNearlyFull({ bytes: stays, maxBytes });

  const asWished = hot === undefined ? first : (hot ?? last + 1);
  const asNeeded = isPressed(view) ? first + Math.ceil((bytes - PRESSED_TO * maxBytes) / mean) : first;
  const below = Math.min(Math.max(asWished, asNeeded), held + 1, last + 1);
  if (below <= first) return { below: null, shortens: false, nearlyFull };
  return { below, shortens: below > asWished, nearlyFull };
}

/** The sequence up to which no consumer needs anything; 0 without consumers, because nobody knows what is stored then. */
function heldAbove({ last, claims }: LogView): number {
  const floors = claims
    .map(({ floor, greatestLag }) => ({ floor: floor ?? 0, greatestLag }))
    .filter(({ floor, greatestLag }) => last - floor <= greatestLag)
    .map(({ floor }) => floor);
  return floors.length === 0 ? 0 : Math.min(...floors);
}
