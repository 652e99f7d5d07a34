import { ALL_REVISIONS } from '../../../operator/api/serving.ts';
import { type ApiServer, SERVICE } from './api-server.ts';
import type { Chance } from './chance.ts';
import type { PodObject, ServiceObject } from './objects.ts';
import type { Timeline } from './timeline.ts';

/** True if the client Service selects `pod`. */
export function selects({ serving, labelled }: ServiceObject, pod: Pick<PodObject, 'revision' | 'labelled'>): boolean {
  return (serving === ALL_REVISIONS || pod.revision === serving) && (pod.labelled || !labelled);
}

/** Keeps the slices of the client Service: Ready pods that it selects, some time after either changed. */
export class EndpointSlices {
  readonly #api: ApiServer;
  readonly #time: Timeline;
  readonly #chance: Chance;
  readonly #lagMs: number;
  #due = false;

  /** @param lagMs longest time between a change and the slices that show it */
  constructor(api: ApiServer, time: Timeline, chance: Chance, lagMs: number) {
    this.#api = api;
    this.#time = time;
    this.#chance = chance;
    this.#lagMs = lagMs;
    api.pods.watch(() => this.#look());
    api.services.watch(() => this.#look());
  }

  #look(): void {
    if (this.#due || this.#isTrue()) return;
    this.#due = true;
    this.#time.after(this.#chance.between(Math.min(200, this.#lagMs), this.#lagMs), () =>
      this.#api.reach(() => {
        this.#due = false;
        this.#write();
      }),
    );
  }

  #wanted(): string[] {
    const service = this.#api.services.get(SERVICE);
    return this.#api.pods
      .list()
      .filter(pod => service && selects(service, pod) && pod.ready && !pod.terminating)
      .map(pod => pod.name);
  }

  #isTrue(): boolean {
    const held = this.#api.slices.get(SERVICE)?.pods ?? [];
    const wanted = this.#wanted();
    return held.length === wanted.length && wanted.every(name => held.includes(name));
  }

  #write(): void {
    if (this.#isTrue()) return;
    const pods = this.#wanted();
    if (this.#api.slices.get(SERVICE)) this.#api.slices.patch(SERVICE, { pods });
    else this.#api.slices.create({ name: SERVICE, pods });
  }
}
