import type { DeploymentObject, NodeObject, PodObject, ServiceObject, SlicesObject, Versioned } from './objects.ts';

/** The API server does not answer. */
export class Away extends Error {}
/** The object is not as it was when the write was decided. */
export class Conflict extends Error {}

/** @param stored false when the object was removed */
type Watcher<T> = (object: T, stored: boolean) => void;

/** The stored objects of one kind. */
export class Collection<T extends Versioned> {
  readonly #nextVersion: () => number;
  readonly #objects = new Map<string, T>();
  readonly #watchers = new Set<Watcher<T>>();

  constructor(nextVersion: () => number) {
    this.#nextVersion = nextVersion;
  }

  list(): T[] {
    return [...this.#objects.values()];
  }

  get(name: string): T | undefined {
    return this.#objects.get(name);
  }

  /** @throws {Conflict} when there is one of that name */
  create(object: Omit<T, 'version'>): T {
    if (this.#objects.has(object.name)) throw new Conflict(object.name);
    const stored = { ...object, version: this.#nextVersion() } as T;
    this.#store(stored);
    return stored;
  }

  /** @throws {Conflict} when there is none, or `version` is given and is not the stored one */
  patch(name: string, change: Partial<Omit<T, 'name' | 'version'>>, version?: number): T {
    const held = this.#objects.get(name);
    if (!held || (version !== undefined && version !== held.version)) throw new Conflict(name);
    const stored = { ...held, ...change, version: this.#nextVersion() };
    this.#store(stored);
    return stored;
  }

  /** @throws {Conflict} when there is none, or `version` is given and is not the stored one */
  remove(name: string, version?: number): void {
    const held = this.#objects.get(name);
    if (!held || (version !== undefined && version !== held.version)) throw new Conflict(name);
    this.#objects.delete(name);
    for (const watcher of this.#watchers) watcher(held, false);
  }

  /** @returns ends the watch */
  watch(watcher: Watcher<T>): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  #store(object: T): void {
    this.#objects.set(object.name, object);
    for (const watcher of this.#watchers) watcher(object, true);
  }
}

/** The one place where the cluster's wishes and observations are kept. Every part of the cluster knows only this. */
export class ApiServer {
  #version = 0;
  #away = false;
  #waiting: (() => void)[] = [];
  readonly #next = () => ++this.#version;
  readonly pods = new Collection<PodObject>(this.#next);
  readonly deployments = new Collection<DeploymentObject>(this.#next);
  /** The client Service under {@link SERVICE}. */
  readonly services = new Collection<ServiceObject>(this.#next);
  readonly slices = new Collection<SlicesObject>(this.#next);
  readonly nodes = new Collection<NodeObject>(this.#next);

  get away(): boolean {
    return this.#away;
  }

  setAway(away: boolean): void {
    this.#away = away;
    if (away) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const run of waiting) run();
  }

  /** Runs it now, or when the server is back: the parts of a cluster try until they succeed. */
  reach(run: () => void): void {
    if (this.#away) this.#waiting.push(run);
    else run();
  }
}

/** Name of the client Service and of its slices. */
export const SERVICE = 'gateway';
