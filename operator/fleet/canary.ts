import { ALL_REVISIONS } from '../api/serving.ts';
import { alive } from './closing.ts';
import type { FleetInput, FleetPod } from './fleet.ts';

/** The canary step of a rollout: a few gateways of the new revision take clients beside the old ones. */
export interface Canary {
  /** Number of new gateways. */
  readonly count: number;
  /** Old revision that serves beside them, or alone. */
  readonly base: string;
  /** True while new clients reach both revisions. */
  readonly isOn: boolean;
  /** Seconds since the step began, as this operator has seen it; 0 before. */
  readonly seconds: number;
}

/**
 * Canary step of the rollout to `target`; undefined where there is none, or it is over. Nothing about it is stored: it goes
 * on while the Service selects all revisions, and a new operator lets it last once more in full.
 */
export function canaryOf(input: FleetInput, target: string): Canary | undefined {
  const { now, serving, servingSince, settings, size } = input;
  const { percent, seconds } = settings.rollout.canary;
  const count = Math.ceil((size * percent) / 100);
  if (count === 0 || count >= size || serving === undefined || serving === target) return undefined;
  const isOn = serving === ALL_REVISIONS;
  const base = isOn ? baseOf(input, target) : serving;
  if (base === undefined) return undefined;
  const lasted = isOn ? (now - servingSince) / 1_000 : 0;
  return isOn && lasted >= seconds ? undefined : { count, base, isOn, seconds: lasted };
}

/** Revision of most old gateways. */
export function baseOf({ revisions, pods }: FleetInput, target: string): string | undefined {
  const count = (revision: string) => alive(pods).filter((pod: FleetPod) => pod.revision === revision).length;
  const [base] = revisions
    .filter(({ revision }) => revision !== target)
    .sort((a, b) => count(b.revision) - count(a.revision) || b.targetedAt - a.targetedAt);
  return base?.revision;
}
