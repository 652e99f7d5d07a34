import { isServing } from '../../../operator/api/serving.ts';
import { noteCutOff } from '../../../operator/fleet/cut-off.ts';
import type { FleetInput, FleetPod, FleetSettings } from '../../../operator/fleet/fleet.ts';
import type { FirstSeen } from '../../../operator/process/first-seen.ts';
import { SERVICE } from './api-server.ts';
import type { Views } from './view.ts';

/** Wishes of people, the autoscaler and the health checks at one moment. */
export interface Wishes {
  settings: FleetSettings;
  size: number;
  target: string;
  undone: string;
  hold: string;
  unhealthy: string;
}

export interface Load {
  readonly connections: number;
  /** undefined of a gateway that does not know the field. */
  readonly refusing: boolean | undefined;
  readonly natsUp: boolean;
  readonly at: number;
}

/** State that one operator process keeps from pass to pass. */
export interface Memory {
  readonly loads: Map<string, Load>;
  readonly unofferedSince: Map<string, number>;
  readonly cutOffSince: Map<string, number>;
  readonly firstSeen: FirstSeen;
  shortSince: number | undefined;
}

/** Loads older than this are unknown. */
const STALE_MS = 15_000;

function noteUnoffered(
  since: Memory['unofferedSince'],
  pods: readonly string[],
  offered: ReadonlySet<string>,
  now: number,
): void {
  for (const name of since.keys()) if (offered.has(name) || !pods.includes(name)) since.delete(name);
  for (const name of pods) if (!offered.has(name) && !since.has(name)) since.set(name, now);
}

/** Input of the planner, from an operator's view of the cluster. @param clocks of its process */
export function observe(
  views: Views,
  memory: Memory,
  wishes: Wishes,
  { now, wall }: Pick<FleetInput, 'now' | 'wall'>,
): FleetInput {
  const { firstSeen } = memory;
  firstSeen.begin();
  const offered = new Set(views.slices.get(SERVICE)?.pods);
  noteUnoffered(
    memory.unofferedSince,
    views.pods.list().map(({ name }) => name),
    offered,
    now,
  );
  const leaving = new Set(
    views.nodes
      .list()
      .filter(node => node.unschedulable)
      .map(node => node.name),
  );
  const service = views.services.get(SERVICE);
  const loadOf = (name: string): Load | undefined => {
    const load = memory.loads.get(name);
    return load && now - load.at <= STALE_MS ? load : undefined;
  };
  const pods = views.pods.list().map((pod): FleetPod => {
    const { running } = pod;
    return {
      name: pod.name,
      revision: pod.revision,
      scheduled: pod.node !== undefined,
      running,
      ready: pod.ready,
      terminating: pod.terminating,
      selectable: pod.labelled || !service?.labelled,
      offered: offered.has(pod.name),
      offeredSince: offered.has(pod.name) ? firstSeen.since(`slices offer ${pod.name}`, 'yes', now) : undefined,
      unofferedSince: memory.unofferedSince.get(pod.name),
      nodeLeaving: pod.node !== undefined && leaving.has(pod.node),
      intent: pod.intent,
      intentSince: pod.intent && firstSeen.since(`intent of ${pod.name}`, JSON.stringify(pod.intent), now),
      connections: running ? loadOf(pod.name)?.connections : 0,
      refusing: running ? loadOf(pod.name)?.refusing : undefined,
      natsUp: running ? loadOf(pod.name)?.natsUp : undefined,
      cutOffSince: undefined,
      createdAt: pod.createdAt,
    };
  });
  noteCutOff(
    memory.cutOffSince,
    pods.filter(pod => isServing(pod, service?.serving)),
    now,
  );
  return {
    ...wishes,
    serving: service?.serving,
    servingSince: service?.movedAt
      ? firstSeen.since('serving', `${service.serving} since ${service.movedAt}`, now)
      : Number.NEGATIVE_INFINITY,
    movedAt: service?.movedAt ?? 0,
    revisions: views.deployments.list().map(({ name, version: _, ...row }) => ({
      ...row,
      revision: name,
      targetedSince: firstSeen.since(`target ${name}`, String(row.targetedAt), now),
    })),
    pods: pods.map(pod => ({ ...pod, cutOffSince: memory.cutOffSince.get(pod.name) })),
    shortSince: memory.shortSince,
    now,
    wall,
  };
}
