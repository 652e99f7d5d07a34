/** Share of a LOG stream's `max_bytes` above which stored messages are removed before the hot window has passed. */
export const PRESSED_ABOVE = 0.7;
/** Share that such a purge leaves, if it may: low enough that a busy stream is not purged at every look. */
export const PRESSED_TO = 0.5;
/** Share above which the stream may soon be full. Reported if messages that must stay fill that much. */
export const NEARLY_FULL = 0.8;

/**
 * Milliseconds that stored messages stay in LOG. NATS learns the ids it recognises from these messages when it starts. Gateways rely
 * on it until an id is half of the deduplication window old, and the id of a message may be half a window ahead of its storing: so
 * messages stay for the whole window at least. Pure.
 */
export function hotWindowMs(options: { readonly hotWindowSeconds: number; readonly dedupeSeconds: number }): number {
  return Math.max(options.hotWindowSeconds, options.dedupeSeconds) * 1_000;
}

/** Claim of one reader on a LOG stream: the messages above `floor` must not be removed yet. */
export interface Claim {
  readonly name: string;
  /** Sequence up to which the reader needs nothing; null if the reader is missing, so that nothing is known. */
  readonly floor: number | null;
  /** See {@link LogConsumer.greatestLag}. */
  readonly greatestLag: number;
}

/**
 * Claim of a fold, which never loses its right, however far behind the fold is: entries that it has not read would be missing from
 * its view. One whose position is unknown, or of another epoch, claims all of LOG.
 */
export const claimOfFold = ({ fold, floor }: { readonly fold: string; readonly floor: number | null }): Claim => ({
  name: `fold ${fold}`,
  floor,
  greatestLag: Number.POSITIVE_INFINITY,
});

/** State of a LOG stream and the claims on it. */
export interface LogView {
  readonly first: number;
  readonly last: number;
  readonly bytes: number;
  /** 0 or less means no limit. */
  readonly maxBytes: number;
  readonly claims: readonly Claim[];
  /** First sequence inside the hot window; null if all messages are older; undefined if it is not known. */
  readonly hot: number | null | undefined;
  /**
   * The same for the deduplication window: NATS, when it starts, recognises the ids of these messages alone. Matters only if the stream is
   * {@link isPressed pressed}.
   */
  readonly recent: number | null | undefined;
}

/** Messages that a purge removes from LOG. */
export interface PurgePlan {
  /** Sequence below which messages are removed; null for none. */
  readonly below: number | null;
  /** True if some of them are inside the hot window. */
  readonly shortens: boolean;
  /** True if messages that must stay nearly fill the stream: it will refuse messages unless storing catches up. */
  readonly nearlyFull: boolean;
}

type Size = Pick<LogView, 'bytes' | 'maxBytes'>;

/** True if the stream is so full that messages inside the hot window are removed. Pure. */
export const isPressed = ({ bytes, maxBytes }: Size) => maxBytes > 0 && bytes > PRESSED_ABOVE * maxBytes;

/** True if the stream may soon be full. */
const isNearlyFull = ({ bytes, maxBytes }: Size) => maxBytes > 0 && bytes > NEARLY_FULL * maxBytes;

/**
 * Plans a purge: it removes messages older than the hot window that no claim needs. If the stream fills up, it also removes the
 * oldest messages inside the window, as many as bring the stream down to {@link PRESSED_TO} by their mean size. It never removes
 * a message that a claim needs, or one inside the deduplication window: sent again after a restart of NATS, it would be stored
 * twice, while a message that a full stream refuses is sent again by its client. Pure.
 */
export function planPurge(view: LogView): PurgePlan {
  const { last, bytes, maxBytes, hot, recent } = view;
  const first = Math.max(1, view.first); // a stream that never had a message begins at 0
  const free = freeUpTo(view);
  const count = last - first + 1;
  if (count <= 0) return { below: null, shortens: false, nearlyFull: false };
  const mean = bytes / count;
  const old = (recent ?? last + 1) - 1; // unknown for a moment is no reason to report that the stream is nearly full
  const stays = (last - Math.max(Math.min(free, old), first - 1)) * mean;
  const nearlyFull = isNearlyFull({ bytes: stays, maxBytes });

  const byWindow = hot === undefined ? first : (hot ?? last + 1);
  const wanted = isPressed(view) ? first + Math.ceil((bytes - PRESSED_TO * maxBytes) / mean) : first;
  const byFilling = Math.min(wanted, recent === undefined ? first : (recent ?? last + 1));
  const below = Math.min(Math.max(byWindow, byFilling), free + 1, last + 1);
  if (below <= first) return { below: null, shortens: false, nearlyFull };
  return { below, shortens: below > byWindow, nearlyFull };
}

/** Sequence up to which no claim needs anything; 0 without claims, because then nothing is known to be stored. */
function freeUpTo({ last, claims }: LogView): number {
  const floors = claims
    .map(({ floor, greatestLag }) => ({ floor: floor ?? 0, greatestLag }))
    .filter(({ floor, greatestLag }) => last - floor <= greatestLag)
    .map(({ floor }) => floor);
  return floors.length === 0 ? 0 : Math.min(...floors);
}
