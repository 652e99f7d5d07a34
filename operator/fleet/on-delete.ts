import { ALL_REVISIONS } from '../api/serving.ts';
import { alive } from './closing.ts';
import type { FleetInput, FleetPod } from './fleet.ts';
import type { Rollout } from './rollout-state.ts';
import { scaleDown } from './victims.ts';

/**
 * Strategy OnDelete: gateways of all revisions take clients, and an old one is replaced when a person deletes its pod. A
 * pod that the old Deployment makes after the target exists is such a replacement: it is given up for a new gateway, unless
 * clients reached it while no operator was running.
 */
export function onDelete(input: FleetInput, target: string): Rollout & { readonly draining: string } {
  const { size } = input;
  // Both times come from the API server.
  const since = input.revisions.find(({ revision }) => revision === target)?.createdAt ?? Number.POSITIVE_INFINITY;
  const there = alive(input.pods);
  const isOld = (pod: FleetPod) =>
    pod.revision !== target && (pod.createdAt <= since || pod.ready || pod.connections !== 0);
  const old = there.filter(isOld);
  const stands = there.filter(pod => isOld(pod) || pod.revision === target);
  const down = scaleDown(stands, size, input, isOld);
  const going = down.finished ? down.victims : [];
  const staying = (revision: string) => stands.filter(pod => pod.revision === revision && !going.includes(pod)).length;
  const replicas = new Map<string, number>();
  // Grow only when gateways are missing: a removed pod may look for a moment as if it stayed.
  for (const row of input.revisions) replicas.set(row.revision, Math.min(row.replicas, staying(row.revision)));
  if (down.victims.length === 0) replicas.set(target, size - old.length);
  const message =
    old.length === 0
      ? `${size} gateways of one revision`
      : `${old.length} old gateways are replaced when their pods are deleted`;
  return {
    serving: ALL_REVISIONS,
    replicas,
    intents: down.intents,
    rollout: { reason: old.length === 0 ? 'Complete' : 'WaitingForDelete', message },
    stop: '',
    draining: down.message,
  };
}
