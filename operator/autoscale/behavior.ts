import type { ScalingPolicy, ScalingRules } from '../api/chat-cluster.ts';
import { covers, type Observation, unknownShare, within } from './history.ts';

/**
 * The size at the start of a period, as HPA reckons it: what was added in it taken off, what was removed put back.
 * @param asOf whether a change between two looks counts from the earlier or from the later one
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

/** Most gateways the rules allow now; `current` when they allow none more. */
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

/** Fewest gateways the rules allow now; `current` when they allow none fewer. Per cent are rounded down. */
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

/** Longest period of the policies, milliseconds. */
export function longestPeriodMs(rules: ScalingRules): number {
  return rules.policies.reduce((longest, policy) => Math.max(longest, policy.periodSeconds * 1_000), 0);
}

/** The fewest that were asked for at any time of the window, and now. */
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

/** A step up so soon after a step down shows that the window was too short, milliseconds. */
const FLAP_MS = 900_000;
/** As long as the longest window that can be declared. */
const LONGEST_WINDOW_MS = 3_600_000;

/** How long the window of scale-downs may become, milliseconds. */
export function longestWindowMs({ stabilizationWindowSeconds }: ScalingRules): number {
  const windowMs = stabilizationWindowSeconds * 1_000;
  return Math.max(windowMs, Math.min(2 * windowMs, LONGEST_WINDOW_MS));
}

/** How far back the memory tells whether the window was too short. */
export function flapMs(rules: ScalingRules): number {
  return longestWindowMs(rules) + FLAP_MS;
}

/**
 * The window of scale-downs, milliseconds: twice as long after a step up soon after a step down, so that a load that comes and
 * goes is waited for. Whoever does not remember whether there was one takes it that there was.
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

/** Of a window that was known for less than the rest of it, nobody can say that fewer were enough all the time. */
const MOST_UNKNOWN = 0.2;

/** The most that were asked for at any time of the window, and now. If too much of it is unknown, all were. */
export function mostWanted(history: readonly Observation[], rules: ScalingRules, now: number, wanted: number): number {
  const windowMs = downWindowMs(history, rules, now);
  const window = within(history, now, windowMs);
  const isUnknown = unknownShare(history, now, windowMs) > MOST_UNKNOWN;
  return window.reduce((most, { wanted: asked, current }) => {
    const needed = isUnknown ? Math.max(current, asked ?? 0) : (asked ?? 0);
    return Math.max(most, needed);
  }, wanted);
}
