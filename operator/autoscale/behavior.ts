import type { ScalingPolicy, ScalingRules } from '../api/chat-cluster.ts';
import { covers, type Observation, unknownShare, within } from './history.ts';

/**
 * Size at the start of a period, as HPA computes it: gateways added in the period are taken off, removed ones put back.
 * @param asOf time that a change between two looks is dated to: that of the earlier or of the later look
 */
function sizeBefore(
  history: readonly Observation[],
  current: number,
  now: number,
  periodMs: number,
  asOf: 'earlier' | 'later',
): number {
  const looks = [...history, { at: now, current }];
  return looks.slice(1).reduce((size, look, index) => {
    const before = looks[index] ?? look;
    const at = asOf === 'earlier' ? before.at : look.at;
    return at > now - periodMs ? size - (look.current - before.current) : size;
  }, current);
}

function limits(
  rules: ScalingRules,
  limit: (policy: ScalingPolicy) => number,
  largest: (...limits: number[]) => number,
  smallest: (...limits: number[]) => number,
): number {
  const all = rules.policies.map(limit);
  return rules.selectPolicy === 'Min' ? smallest(...all) : largest(...all);
}

/** Largest size the rules allow now; `current` when they allow no step up. */
export function mostAllowed(
  rules: ScalingRules,
  history: readonly Observation[],
  current: number,
  now: number,
): number {
  if (rules.selectPolicy === 'Disabled') return current;
  const most = limits(
    rules,
    ({ type, value, periodSeconds }) => {
      const start = sizeBefore(history, current, now, periodSeconds * 1_000, 'earlier');
      return type === 'Pods' ? start + value : Math.ceil(start * (1 + value / 100));
    },
    Math.max,
    Math.min,
  );
  return Math.max(current, most);
}

/** Smallest size the rules allow now; `current` when they allow no step down. Percentages are rounded down. */
export function fewestAllowed(
  rules: ScalingRules,
  history: readonly Observation[],
  current: number,
  now: number,
): number {
  if (rules.selectPolicy === 'Disabled') return current;
  const fewest = limits(
    rules,
    ({ type, value, periodSeconds }) => {
      const start = sizeBefore(history, current, now, periodSeconds * 1_000, 'later');
      return start - (type === 'Pods' ? value : Math.floor((start * value) / 100));
    },
    Math.min,
    Math.max,
  );
  return Math.min(current, Math.max(0, fewest));
}

/** Longest period of the policies, in milliseconds. */
export function longestPeriodMs(rules: ScalingRules): number {
  return rules.policies.reduce((longest, policy) => Math.max(longest, policy.periodSeconds * 1_000), 0);
}

/** Fewest gateways wanted at any time of the window, and now. */
export function fewestWanted(
  history: readonly Observation[],
  rules: ScalingRules,
  now: number,
  wanted: number,
): number {
  return within(history, now, rules.stabilizationWindowSeconds * 1_000).reduce(
    (fewest, each) => Math.min(fewest, each.wanted ?? fewest),
    wanted,
  );
}

/** Time within which a step up after a step down shows that the window was too short, in milliseconds. */
const FLAP_MS = 900_000;
/** Longest window that can be declared, in milliseconds. */
const LONGEST_WINDOW_MS = 3_600_000;

/**
 * Longest duration of the window of scale-downs, in milliseconds: twice the declared one, within {@link LONGEST_WINDOW_MS}.
 */
export function longestWindowMs({ stabilizationWindowSeconds }: ScalingRules): number {
  const windowMs = stabilizationWindowSeconds * 1_000;
  return Math.max(windowMs, Math.min(2 * windowMs, LONGEST_WINDOW_MS));
}

/** Time the history must cover to show whether the window was too short, in milliseconds. */
export function flapMs(rules: ScalingRules): number {
  return longestWindowMs(rules) + FLAP_MS;
}

/**
 * Current window of scale-downs, in milliseconds: twice as long after a step up soon after a step down, so that gateways
 * are kept for a load that comes and goes. A history that is too short to tell counts as one with such a step.
 */
export function downWindowMs(history: readonly Observation[], rules: ScalingRules, now: number): number {
  const longMs = longestWindowMs(rules);
  if (!covers(history, now, flapMs(rules))) return longMs;
  let downAt = Number.NEGATIVE_INFINITY;
  for (const [index, { at, current }] of history.entries()) {
    const before = history[index - 1]?.current ?? current;
    if (current < before) downAt = at;
    if (current > before && at - downAt <= FLAP_MS && at > now - longMs) return longMs;
  }
  return rules.stabilizationWindowSeconds * 1_000;
}

/**
 * Share of the window for which the load may be unknown. With more, nothing proves that fewer gateways sufficed all the
 * time.
 */
const MOST_UNKNOWN = 0.2;

/**
 * Most gateways wanted at any time of the window, and now. If too much of the window is unknown, all gateways were wanted.
 */
export function mostWanted(history: readonly Observation[], rules: ScalingRules, now: number, wanted: number): number {
  const windowMs = downWindowMs(history, rules, now);
  const window = within(history, now, windowMs);
  const isUnknown = unknownShare(history, now, windowMs) > MOST_UNKNOWN;
  return window.reduce((most, { wanted: asked, current }) => {
    const needed = isUnknown ? Math.max(current, asked ?? 0) : (asked ?? 0);
    return Math.max(most, needed);
  }, wanted);
}
