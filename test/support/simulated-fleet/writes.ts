import type { FleetPlan } from '../../../operator/fleet/fleet.ts';
import type { TrafficIntent } from '../../../server/contract.ts';
import { type ApiServer, SERVICE } from './api-server.ts';
import type { Views } from './view.ts';

/** The time at the API server and the time of day of the operator: milliseconds since 1970. */
export interface Now {
  readonly server: number;
  readonly wall: number;
}

/** One request to the API server, on the versions it was decided on. */
export interface Write {
  readonly what: string;
  /** @throws {Conflict} when the object has changed */
  readonly run: (api: ApiServer, now: Now) => void;
}

const VICTIM_REASONS: ReadonlySet<string> = new Set(['ScaleDown', 'Hibernate', 'Rollout']);

/** What is being emptied is the first a ReplicaSet removes, among pods that run and are not ready. */
function deletionCost(intent: TrafficIntent | undefined): number {
  return intent && VICTIM_REASONS.has(intent.reason) ? -1_000_000 : 0;
}

/** The single writes that carry out a plan, in their order. */
export function writesOf(plan: FleetPlan, views: Views): Write[] {
  const writes: Write[] = [];
  for (const [name, intent] of plan.intents) {
    const version = views.pods.get(name)?.version;
    writes.push({
      what: `intent of ${name}: ${intent ? JSON.stringify(intent) : 'none'}`,
      run: api => views.pods.written(api.pods.patch(name, { intent, cost: deletionCost(intent) }, version)),
    });
  }
  const wanted = new Map(plan.revisions.map(row => [row.revision, row]));
  for (const [name, { replicas, targetedAt }] of wanted) {
    const held = views.deployments.get(name);
    // Wanted anew: what stopped an earlier try is past.
    const before = held?.targetedAt === targetedAt ? held.stopped : '';
    const stopped = (name === plan.target && plan.stop) || before;
    if (held?.replicas === replicas && held.targetedAt === targetedAt && held.stopped === stopped) continue;
    const next = { replicas, targetedAt, stopped };
    writes.push({
      what: `Deployment ${name}: ${JSON.stringify(next)}`,
      run: (api, { server }) =>
        views.deployments.written(
          held
            ? api.deployments.patch(name, next, held.version)
            : api.deployments.create({ name, createdAt: server, ...next }),
        ),
    });
  }
  const service = views.services.get(SERVICE);
  if (service?.serving !== plan.serving)
    writes.push({
      what: `Service: ${plan.serving}`,
      run: (api, { wall }) => {
        const next = { serving: plan.serving, movedAt: service ? wall : 0 };
        views.services.written(
          service
            ? api.services.patch(SERVICE, next, service.version)
            : api.services.create({ name: SERVICE, ...next }),
        );
      },
    });
  for (const { name, version } of views.deployments.list())
    if (!wanted.has(name))
      writes.push({
        what: `Deployment ${name}: removed`,
        run: api => {
          api.deployments.remove(name, version);
          views.deployments.removed(name);
        },
      });
  return writes;
}
