import type { ApiServer } from './api-server.ts';
import type { Chance } from './chance.ts';
import type { PodObject } from './objects.ts';
import type { Timeline } from './timeline.ts';

const PHASE = { Pending: 0, Running: 1 } as const;

/**
 * Order in which a ReplicaSet removes two pods: `ActivePodsWithRanks` of Kubernetes, without the spread over nodes.
 * Negative when it is `a`.
 */
export function removalOrder(a: PodObject, b: PodObject): number {
  const assigned = Number(a.node !== undefined) - Number(b.node !== undefined);
  return (
    assigned ||
    PHASE[a.phase] - PHASE[b.phase] ||
    Number(a.ready) - Number(b.ready) ||
    a.cost - b.cost ||
    (a.ready && b.ready ? (b.readySince ?? 0) - (a.readySince ?? 0) : 0) ||
    b.restarts - a.restarts ||
    b.createdAt - a.createdAt
  );
}

/** Makes each Deployment's pods as many as it asks for, and removes the pods of removed ones. */
export class ReplicaSets {
  readonly #api: ApiServer;
  readonly #time: Timeline;
  readonly #chance: Chance;
  readonly #onRemoval: (pod: PodObject) => void;
  readonly #due = new Set<string>();
  #made = 0;

  /** @param onRemoval told of each pod that is chosen, before it is */
  constructor(api: ApiServer, time: Timeline, chance: Chance, onRemoval: (pod: PodObject) => void) {
    this.#api = api;
    this.#time = time;
    this.#chance = chance;
    this.#onRemoval = onRemoval;
    api.deployments.watch(deployment => this.#look(deployment.name));
    api.pods.watch(pod => this.#look(pod.revision));
  }

  #look(revision: string): void {
    if (this.#due.has(revision)) return;
    this.#due.add(revision);
    this.#time.after(this.#chance.between(20, 300), () =>
      this.#api.reach(() => {
        this.#due.delete(revision);
        this.#sync(revision);
      }),
    );
  }

  #sync(revision: string): void {
    const active = this.#api.pods.list().filter(pod => pod.revision === revision && !pod.terminating);
    const replicas = this.#api.deployments.get(revision)?.replicas ?? 0;
    for (let count = active.length; count < replicas; count++) this.#create(revision);
    for (const pod of active.sort(removalOrder).slice(0, Math.max(0, active.length - replicas))) {
      this.#onRemoval(pod);
      this.#api.pods.patch(pod.name, { terminating: true });
    }
  }

  #create(revision: string): void {
    this.#made += 1;
    this.#api.pods.create({
      name: `${revision}-${this.#made}`,
      revision,
      createdAt: this.#time.now,
      node: undefined,
      phase: 'Pending',
      running: false,
      ready: false,
      readySince: undefined,
      terminating: false,
      intent: undefined,
      labelled: this.#api.deployments.get(revision)?.labelled ?? false,
      cost: 0,
      restarts: 0,
    });
  }
}
