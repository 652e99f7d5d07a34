import type { KubeObject } from '../api/kube-object.ts';
import type { Listed } from './list.ts';
import { keyOf, type Projected, type Store } from './store.ts';

/** On the bookmark after which all that was there when a watch began has come. */
const END_ANNOTATION = 'k8s.io/initial-events-end';

/** The server took a watch that begins with all objects, and does not say where they end: it knows no such watches. */
export class NoEndOfInitialEvents extends Error {
  constructor() {
    super('the watch ended before all objects had come');
    this.name = 'NoEndOfInitialEvents';
  }
}

/** Collects the objects a watch begins with, until they are a complete list. */
export class InitialEvents {
  readonly #store: Pick<Store<unknown>, 'project'>;
  readonly #objects = new Map<string, Projected<unknown>>();

  constructor(store: Pick<Store<unknown>, 'project'>) {
    this.#store = store;
  }

  /** @returns the list, once it is complete */
  take(type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK', object: KubeObject): Listed | undefined {
    if (type === 'BOOKMARK') {
      if (object.metadata.annotations?.[END_ANNOTATION] !== 'true') return undefined;
      return { objects: this.#objects, version: object.metadata.resourceVersion ?? '0' };
    }
    if (type === 'DELETED') this.#objects.delete(keyOf(object));
    else {
      const kept = this.#store.project(object);
      this.#objects.set(kept.key, kept);
    }
    return undefined;
  }
}
