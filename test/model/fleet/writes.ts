import { isServing } from '../../../operator/api/serving.ts';
import type { FleetPlan } from '../../../operator/fleet/fleet.ts';
import type { TrafficIntent } from '../../../server/contract/traffic.ts';
import { type ApiServer, SERVICE } from './api-server.ts';
import { selects } from './endpoint-slices.ts';
import type { Views } from './view.ts';

/** The time at the API server and the time of day of the operator: milliseconds since 1970. */
export interface Now {
  readonly server: number;
  readonly wall: number;
}

/** One request to the API server, on the versions it was decided on. */
export interface Write {
  readonly what: string;
  /** Object that is written, such as `Pod r1-2`. */
  readonly object: string;
  /** Objects that have to be written before, as in the operator's writer. */
  readonly needs?: readonly string[];
  /** @throws {Conflict} when the object has changed */
  readonly run: (api: ApiServer, now: Now) => void;
}

const VICTIM_REASONS: ReadonlySet<string> = new Set(['ScaleDown', 'Hibernate', 'Rollout']);

/** A gateway that is being emptied is the first that a ReplicaSet removes among ready pods. */
function deletionCost(intent: TrafficIntent | undefined): number {
  return intent && VICTIM_REASONS.has(intent.reason) ? -1_000_000 : 0;
}

const podId = ({ name }: { readonly name: string }) => `Pod ${name}`;

/** Intents, labels and costs of pods, as `podPatches` of the operator writes them. */
function podWrites(plan: FleetPlan, views: Views, refusing: ReadonlySet<string>): Write[] {
  const service = views.services.get(SERVICE);
  return views.pods.list().flatMap((pod): Write[] => {
    const { name, version } = pod;
    if (pod.terminating) return [];
    const intent = plan.intents.has(name) ? plan.intents.get(name) : pod.intent;
    const unselected = intent !== undefined && service !== undefined && !selects(service, { ...pod, labelled: false });
    const { unselected: _, ...rest } = intent ?? {};
    const next = intent && ({ ...rest, ...(unselected ? { unselected } : {}) } as TrafficIntent);
    const label = intent === undefined && (pod.labelled || !refusing.has(name));
    const labelled = views.deployments.get(pod.revision)?.labelled ? label : pod.labelled;
    const isTold = !plan.intents.has(name) && (pod.intent?.unselected ?? false) === unselected;
    if (isTold && labelled === pod.labelled) return [];
    const change = { intent: next, labelled, cost: deletionCost(next) };
    return [
      {
        what: `intent of ${name}: ${next ? JSON.stringify(next) : 'none'}`,
        object: podId({ name }),
        run: api => views.pods.written(api.pods.patch(name, change, version)),
      },
    ];
  });
}

/** The single writes that carry out a plan, in their order. @param refusing pods that said that they refuse new connections */
export function writesOf(plan: FleetPlan, views: Views, refusing: ReadonlySet<string>): Write[] {
  const writes = podWrites(plan, views, refusing);
  const marked = views.pods.list().filter(pod => plan.intents.has(pod.name));
  const wanted = new Map(plan.revisions.map(row => [row.revision, row]));
  for (const [name, { replicas, targetedAt }] of wanted) {
    const held = views.deployments.get(name);
    // Wanted anew: what stopped an earlier try is past.
    const before = held?.targetedAt === targetedAt ? held.stopped : '';
    const stopped = (name === plan.target && plan.stop) || before;
    if (held?.replicas === replicas && held.targetedAt === targetedAt && held.stopped === stopped) continue;
    const next = { replicas, targetedAt, stopped, labelled: held?.labelled ?? true };
    writes.push({
      what: `Deployment ${name}: ${JSON.stringify(next)}`,
      object: `Deployment ${name}`,
      // Who is to go is marked before there are to be fewer.
      needs: held && replicas < held.replicas ? marked.filter(pod => pod.revision === name).map(podId) : [],
      run: (api, { server }) =>
        views.deployments.written(
          held
            ? api.deployments.patch(name, next, held.version)
            : api.deployments.create({ name, createdAt: server, ...next }),
        ),
    });
  }
  const service = views.services.get(SERVICE);
  const labelled = [...wanted.keys()]
    .filter(revision => isServing({ revision }, plan.serving))
    .every(revision => views.deployments.get(revision)?.labelled ?? true);
  if (service?.serving !== plan.serving || service.labelled !== labelled)
    writes.push({
      what: `Service: ${plan.serving}${labelled ? '' : ' without the label'}`,
      object: 'Service',
      run: (api, { wall }) => {
        const moved = service && service.serving !== plan.serving ? wall : (service?.movedAt ?? 0);
        const next = { serving: plan.serving, labelled, movedAt: moved };
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
        object: `Deployment ${name}`,
        run: api => {
          api.deployments.remove(name, version);
          views.deployments.removed(name);
        },
      });
  return writes;
}
