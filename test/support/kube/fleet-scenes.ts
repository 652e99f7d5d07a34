import type { ChatCluster } from '../../../operator/api/chat-cluster.ts';
import { revisionOf } from '../../../operator/desired/revision.ts';
import type { FleetPlan } from '../../../operator/fleet/fleet.ts';
import { planFleet } from '../../../operator/fleet/plan.ts';
import { nothingSeen } from '../../../operator/reconcile/view.ts';
import type { GatewayLoad } from '../../../server/contract/load.ts';
import type { TrafficIntent } from '../../../server/contract/traffic.ts';
import { clientService, gatewayDeployment, gatewayPod, loadOf, type Scene, see } from './fleet-objects.ts';

const OLD = 'aaaaaaaaaa';
const NOW = 10_000_000;
const SECOND = 1_000;

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, at) => `${prefix}${at}`);

/** Gateways of one revision, each with as many connections as `holds` says. */
function steady(cluster: ChatCluster, holds: readonly number[], movedAt?: number): Scene {
  const revision = revisionOf(cluster, 'gateway');
  const pods = names('g', holds.length);
  return {
    cluster,
    children: [
      gatewayDeployment(cluster, revision, { replicas: pods.length }),
      clientService(cluster, revision, movedAt),
    ],
    pods: pods.map(name => gatewayPod(name, revision)),
    loads: pods.map((name, at) => loadOf(name, { connections: holds[at] ?? 0 })),
    offered: pods,
    now: NOW,
  };
}

/** The same after `chosen` ones were told to take nobody and taken from the load balancers. */
function closed(scene: Scene, chosen: readonly string[], reason: TrafficIntent['reason']): Scene {
  const intent = { reason, since: new Date(0).toISOString() };
  const revision = revisionOf(scene.cluster, 'gateway');
  return {
    ...scene,
    pods: scene.pods.map(pod =>
      chosen.includes(pod.metadata.name) ? gatewayPod(pod.metadata.name, revision, { intent, ready: false }) : pod,
    ),
    offered: scene.offered.filter(name => !chosen.includes(name)),
  };
}

/** Ten old gateways and `fresh` ready ones of the spec's revision. @param serves where the Service leads */
function rollout(
  cluster: ChatCluster,
  fresh: number,
  serves: 'old' | 'both' | 'new',
  load: Partial<GatewayLoad> = {},
): Scene {
  const revision = revisionOf(cluster, 'gateway');
  const [before, after] = [names('o', 10), names('n', fresh)];
  return {
    cluster,
    children: [
      gatewayDeployment(cluster, OLD, { replicas: 10 }),
      gatewayDeployment(cluster, revision, { replicas: fresh, targetedAt: 1 }),
      clientService(cluster, { old: OLD, both: '*', new: revision }[serves], 1),
    ],
    pods: [...before.map(name => gatewayPod(name, OLD)), ...after.map(name => gatewayPod(name, revision))],
    loads: [
      ...before.map(name => loadOf(name, { connections: 1_000 })),
      ...after.map(name => loadOf(name, { connections: 10, ...load })),
    ],
    offered: { old: before, both: [...before, ...after], new: after }[serves],
    unofferedSince: NOW - 100 * SECOND,
    now: NOW,
  };
}

/**
 * Plans of the fleet planner with the settings of `cluster` in situations that between them use every setting, each of
 * which has lasted for some time. The revision of the spec serves, or is about to.
 */
export function plansOf(cluster: ChatCluster): readonly (readonly [string, object])[] {
  const chosen = {
    ...closed(steady(cluster, Array(10).fill(100)), ['g0', 'g1', 'g2'], 'ScaleDown'),
    unofferedSince: NOW - 100 * SECOND,
  };
  const scenes: readonly (readonly [name: string, scene: Scene, size: number, sinceSeconds?: number])[] = [
    ['scale-down', closed(steady(cluster, Array(10).fill(10_000)), ['g0', 'g1', 'g2'], 'ScaleDown'), 7],
    ['sessions may end', chosen, 7],
    ['uneven', steady(cluster, [1_400, 900, 900, 800]), 4],
    ['uneven after a rollout', steady(cluster, [1_400, 900, 900, 800], 1), 4, 300],
    ['shedding', closed(steady(cluster, [9_000, 100, 100, 100]), ['g0'], 'Rebalance'), 4],
    ['a rollout begins', rollout(cluster, 0, 'old'), 10],
    ['new clients try a revision', rollout(cluster, 1, 'both'), 10, 310],
    ['a rollout is late', rollout(cluster, 1, 'old'), 10],
    ['a rollout goes on', rollout(cluster, 10, 'new'), 10],
    ['new gateways fail', rollout(cluster, 10, 'new', { errorsPerSecond: 8 }), 10],
    ['new gateways are slow', rollout(cluster, 10, 'new', { publishMs: 1_500 }), 10],
    ['new gateways lag', rollout(cluster, 10, 'new', { eventLoopLagMs: 700 }), 10],
  ];
  return scenes.map(([name, scene, size, sinceSeconds = 400]) => {
    const seen = nothingSeen();
    see({ ...scene, seen, now: NOW - sinceSeconds * SECOND });
    return [name, readable(planFleet({ ...see({ ...scene, seen }), size }))];
  });
}

/** Without the names of revisions, which follow from the spec in other ways. */
function readable({ target, serving, revisions, intents, rollout: { reason, message }, ...plan }: FleetPlan): object {
  return {
    ...plan,
    reason,
    message: message.replaceAll(target, 'target'),
    serving: serving === target ? 'target' : serving,
    revisions: revisions.map(row => (row.revision === target ? { ...row, revision: 'target' } : row)),
    intents: [...intents],
  };
}
