import type { ApiServer } from './api-server.ts';
import type { Chance } from './chance.ts';
import type { Timeline } from './timeline.ts';

/** Gives pods a node that has room. A pod that fits nowhere stays Pending until one has. */
export class Scheduler {
  readonly #api: ApiServer;
  readonly #time: Timeline;
  readonly #chance: Chance;
  #due = false;

  constructor(api: ApiServer, time: Timeline, chance: Chance) {
    this.#api = api;
    this.#time = time;
    this.#chance = chance;
    api.pods.watch((pod, stored) => {
      if (!stored || pod.node === undefined) this.#look();
    });
    api.nodes.watch(() => this.#look());
  }

  #look(): void {
    if (this.#due) return;
    this.#due = true;
    this.#time.after(this.#chance.between(20, 500), () =>
      this.#api.reach(() => {
        this.#due = false;
        for (const pod of this.#api.pods.list()) if (pod.node === undefined && !pod.terminating) this.#place(pod.name);
      }),
    );
  }

  #place(name: string): void {
    const used = (node: string) => this.#api.pods.list().filter(pod => pod.node === node).length;
    const [best] = this.#api.nodes
      .list()
      .map(node => ({ node, used: used(node.name) }))
      .filter(({ node, used: count }) => !node.unschedulable && count < node.room)
      .sort((a, b) => a.used - b.used);
    if (best) this.#api.pods.patch(name, { node: best.node.name });
  }
}
