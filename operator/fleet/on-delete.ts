import { alive } from './closing.ts';
import type { FleetInput, FleetPod } from './fleet.ts';
import { ALL_REVISIONS } from './fleet.ts';
import type { Rollout } from './rollout.ts';
import { scaleDown } from './victims.ts';

/**
 * Strategy OnDelete: gateways of all revisions take clients, and an old one is replaced when somebody deletes its pod. What
 * the old Deployment makes after the new revision was wanted is such a replacement: it is given up for a new gateway, unless
 * clients have come to it while no operator looked.
 */
export function onDelete(input: FleetInput, target: string): Rollout & { readonly draining: string } {
  const { size, now } = input;
  const since = input.revisions.find(({ revision }) => revision === target)?.targetedAt ?? now;
  const there = alive(input.pods);
  const isOld = (pod: FleetPod) => pod.revision !== target && (pod.createdAt <= since || pod.connections !== 0);
  const old = there.filter(isOld);
  const stands = there.filter(pod => isOld(pod) || pod.revision === target);
  // A surplus is taken from old gateways first.
  const surplus = Math.max(0, old.length - size);
  const victims =
    surplus > 0
      ? scaleDown(old, size, input)
      : scaleDown(
          stands.filter(pod => !isOld(pod)),
          size - old.length,
          input,
        );
  const replicas = new Map<string, number>();
  for (const { revision } of input.revisions)
    if (revision !== target) replicas.set(revision, old.filter(pod => pod.revision === revision).length);
  const current = input.revisions.find(({ revision }) => revision === target)?.replicas ?? 0;
  const wanted = Math.max(0, size - old.length);
  replicas.set(target, surplus === 0 && !victims.finished ? Math.max(current, wanted) : wanted);
  if (surplus > 0 && victims.finished) shrink(replicas, old, size);
  const message =
    old.length === 0
      ? `${size} gateways of one revision`
      : `${old.length} old gateways are replaced when their pods are deleted`;
  return {
    serving: ALL_REVISIONS,
    replicas,
    intents: victims.intents,
    rollout: { reason: old.length === 0 ? 'Complete' : 'WaitingForDelete', message },
    stop: '',
    draining: victims.message,
  };
}

/** Takes the removed victims off the Deployments that made them. */
function shrink(replicas: Map<string, number>, old: readonly FleetPod[], size: number): void {
  const gone = old.filter(pod => pod.intent?.keep === 0 || !pod.running).slice(0, old.length - size);
  for (const { revision } of gone) replicas.set(revision, (replicas.get(revision) ?? 1) - 1);
}
