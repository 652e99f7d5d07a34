import { ALL_REVISIONS } from '../api/serving.ts';
import { alive } from './closing.ts';
import type { FleetInput, FleetPod } from './fleet.ts';

/** The first step of a rollout, in which a few gateways of the new revision take clients beside the old ones. */
export interface Canary {
  /** New gateways it takes. */
  readonly count: number;
  /** The old revision that serves beside them, or alone. */
  readonly base: string;
  /** Whether new clients are led to both. */
  readonly isOn: boolean;
  /** Seconds it has been on, by what this operator has seen; 0 while it is not. */
  readonly seconds: number;
}

/**
 * The canary step of the rollout to `target`; undefined where there is none, or it is over. Nothing is kept of it: it is on while
 * the Service selects all revisions, and an operator that begins lets it last for once more.
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

/** The revision that most of the old gateways are of. */
export function baseOf({ revisions, pods }: FleetInput, target: string): string | undefined {
  const count = (revision: string) => alive(pods).filter((pod: FleetPod) => pod.revision === revision).length;
  const [base] = revisions
    .filter(({ revision }) => revision !== target)
    .sort((a, b) => count(b.revision) - count(a.revision) || b.targetedAt - a.targetedAt);
  return base?.revision;
}
