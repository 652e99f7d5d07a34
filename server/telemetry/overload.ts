import { FEATURES, type Feature } from '../contract/features.ts';

/** Overload of a gateway, at one moment. */
export interface OverloadState {
  /** Features of {@link FEATURES} that are left out, from the first on. */
  readonly leftOut: number;
  /** Seconds for which the lag has been above the limit; below 0 those for which it has been below half of it. */
  readonly seconds: number;
}

export const NO_OVERLOAD: OverloadState = { leftOut: 0, seconds: 0 };

/** Seconds above the limit until one more feature is left out: what was left out before has had time to help. */
const WORSE_SECONDS = 2;
/** Seconds below half of the limit until one feature comes back: long enough that it does not come and go. */
const BETTER_SECONDS = 10;

/**
 * Decides once a second what is left out. Pure.
 * @param lagMs mean lag of the event loop in the last seconds
 * @param limitMs lag above which features are left out; 0 for never
 */
export function nextOverload({ leftOut, seconds }: OverloadState, lagMs: number, limitMs: number): OverloadState {
  if (limitMs === 0) return NO_OVERLOAD;
  const towards = lagMs > limitMs ? 1 : lagMs < limitMs / 2 ? -1 : 0;
  const next = leftOut + towards;
  if (towards === 0 || next < 0 || next > FEATURES.length) return { leftOut, seconds: 0 };
  // Seconds of the other direction do not count.
  const passed = Math.sign(seconds) === -towards ? 1 : Math.abs(seconds) + 1;
  if (passed >= (towards > 0 ? WORSE_SECONDS : BETTER_SECONDS)) return { leftOut: next, seconds: 0 };
  return { leftOut, seconds: towards * passed };
}

export interface OverloadOptions {
  /** Lag of the event loop, in milliseconds, above which features are left out; 0 for never. Read at each use. */
  readonly limitMs: () => number;
  /** Counts an event that is not sent. */
  readonly dropped: (feature: Feature) => void;
  /** Called when more or fewer features are left out. */
  readonly changed: (leftOut: readonly Feature[], lagMs: number) => void;
}

/** Features that this gateway leaves out because its event loop is late. */
export class Overload {
  readonly #options: OverloadOptions;
  #state = NO_OVERLOAD;
  constructor(options: OverloadOptions) {
    this.#options = options;
  }

  /** Number of features that are left out. */
  get leftOut(): number {
    return this.#state.leftOut;
  }

  /** True if an event of a feature is to be left out now; counts it then. */
  drops(feature: Feature): boolean {
    if (this.#state.leftOut === 0 || FEATURES.indexOf(feature) >= this.#state.leftOut) return false;
    this.#options.dropped(feature);
    return true;
  }

  /** Decides anew. Call it once a second. @param lagMs mean lag of the event loop in the last seconds */
  tick(lagMs: number): void {
    const before = this.#state.leftOut;
    this.#state = nextOverload(this.#state, lagMs, this.#options.limitMs());
    if (this.#state.leftOut !== before) this.#options.changed(FEATURES.slice(0, this.#state.leftOut), lagMs);
  }
}
