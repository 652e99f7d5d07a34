import type { ApiServer, Collection } from './api-server.ts';
import type { Chance } from './chance.ts';
import type { DeploymentObject, NodeObject, PodObject, ServiceObject, SlicesObject, Versioned } from './objects.ts';
import type { Timeline } from './timeline.ts';

/** One operator's copy of a collection: a watch that comes late, in order, and not at all while the server is away. */
export class View<T extends Versioned> {
  readonly #objects: Map<string, T>;

  constructor(
    api: ApiServer,
    from: Collection<T>,
    time: Timeline,
    chance: Chance,
    lagMs: number,
    onChange: () => void,
  ) {
    this.#objects = new Map(from.list().map(object => [object.name, object]));
    let last = time.now;
    from.watch((object, stored) => {
      last = Math.max(last, time.now + chance.between(0, lagMs));
      time.after(last - time.now, () =>
        api.reach(() => {
          if (stored) this.written(object);
          else this.#objects.delete(object.name);
          onChange();
        }),
      );
    });
  }

  list(): T[] {
    return [...this.#objects.values()];
  }

  get(name: string): T | undefined {
    return this.#objects.get(name);
  }

  /** Records the server's answer to a write at once, ahead of the watch. */
  written(object: T): void {
    const held = this.#objects.get(object.name);
    if (!held || held.version < object.version) this.#objects.set(object.name, object);
  }

  removed(name: string): void {
    this.#objects.delete(name);
  }
}

/** All that one operator has been told. */
export interface Views {
  readonly pods: View<PodObject>;
  readonly deployments: View<DeploymentObject>;
  readonly services: View<ServiceObject>;
  readonly slices: View<SlicesObject>;
  readonly nodes: View<NodeObject>;
}
