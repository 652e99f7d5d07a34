import type { KubeObject } from '../api/kube-object.ts';
import type { Listed } from './list.ts';
import { keyOf, type Projected, type Store } from './store.ts';

/** Annotation of the bookmark that ends the initial events: all objects that existed when the watch began have arrived. */
const END_ANNOTATION = 'k8s.io/initial-events-end';

/** The server accepted a watch with initial events and never marked their end: it is too old to know the feature. */
export class NoEndOfInitialEvents extends Error {
  constructor() {
    super('the watch ended before its initial events were complete');
    this.name = 'NoEndOfInitialEvents';
  }
}

/** Collects the initial events of a watch until they make a complete list. */
export class InitialEvents {
  readonly #store: Pick<Store<unknown>, 'project'>;
  readonly #objects = new Map<string, Projected<unknown>>();

  constructor(store: Pick<Store<unknown>, 'project'>) {
    this.#store = store;
  }

  /** Adds one event. @returns the complete list at the bookmark that ends the initial events, else undefined */
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
