import { type ApiServer, SERVICE } from './api-server.ts';
import type { Chance } from './chance.ts';
import type { Timeline } from './timeline.ts';

const PROXIES = 3;

/** Several proxies in front of the gateways. Each learns of a change of the slices at its own time. */
export class LoadBalancer {
  readonly #chance: Chance;
  readonly #beliefs: (readonly string[])[] = Array.from({ length: PROXIES }, () => []);

  /** @param lagMs longest time from the slices' change to the last proxy's knowledge of it */
  constructor(api: ApiServer, time: Timeline, chance: Chance, lagMs: number) {
    this.#chance = chance;
    const heard: number[] = Array.from({ length: PROXIES }, () => 0);
    api.slices.watch(({ name, pods, version }) => {
      if (name !== SERVICE) return;
      for (let proxy = 0; proxy < PROXIES; proxy++)
        time.after(chance.between(0, lagMs), () => {
          if (version < (heard[proxy] ?? 0)) return;
          heard[proxy] = version;
          this.#beliefs[proxy] = pods;
        });
    });
  }

  /** The gateway a new connection would reach; undefined when its proxy knows of none. */
  choose(): string | undefined {
    return this.#chance.pick(this.#chance.pick(this.#beliefs) ?? []);
  }
}
