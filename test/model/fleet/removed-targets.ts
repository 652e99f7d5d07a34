import { type ApiServer, SERVICE } from './api-server.ts';
import type { Kubelet } from './kubelet.ts';
import type { Timeline } from './timeline.ts';

/**
 * Cloud load balancers and a removed target: they leave its connections alone for a while, and then
 * close all of them at once, unless it has come back.
 */
export class RemovedTargets {
  readonly #removals = new Map<string, number>();

  /** @param delayMs from the slices' change to the close */
  constructor(api: ApiServer, time: Timeline, kubelet: Kubelet, delayMs: number) {
    let offered: readonly string[] = api.slices.get(SERVICE)?.pods ?? [];
    let count = 0;
    api.slices.watch(({ name, pods }) => {
      if (name !== SERVICE) return;
      for (const pod of pods) this.#removals.delete(pod);
      for (const pod of offered) {
        if (pods.includes(pod)) continue;
        const removal = ++count;
        this.#removals.set(pod, removal);
        time.after(delayMs, () => {
          if (this.#removals.get(pod) === removal) kubelet.gateway(pod)?.drop();
        });
      }
      offered = pods;
    });
  }
}
