import type { KubeObject } from '../api/kube-object.ts';

interface Entry<T> {
  readonly version: bigint;
  readonly group: string;
  readonly value: T;
}

/** What is kept of an object, not yet in the store. */
export interface Projected<T> {
  readonly key: string;
  readonly version: bigint;
  /** Undefined for what is of no interest, and for what could not be read. */
  readonly of: { readonly group: string; readonly value: T } | undefined;
  readonly isReadable: boolean;
}

export function keyOf({ metadata }: KubeObject): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}

function versionOf(object: KubeObject): bigint {
  return BigInt(object.metadata.resourceVersion ?? '0');
}

export interface StoreOptions<T> {
  /** What to keep of an object. */
  readonly project: (raw: KubeObject) => T;
  /** Key of what the object belongs to; undefined for what is of no interest and is not kept. */
  readonly group: (raw: KubeObject) => string | undefined;
  readonly onChange: (group: string) => void;
  /** Told of a version of an object that `project` or `group` throws at. What was kept of the version before stays. */
  readonly onUnreadable?: (raw: KubeObject, error: unknown) => void;
  /** Whether two projections of an object say the same: then its new version is no change. Without it each version is one. */
  readonly same?: (before: T, after: T) => boolean;
}

/**
 * What is known of all objects of one kind, by group. Resource versions of one kind are ordered numbers (Kubernetes
 * guarantees it since 1.35), so an older view never replaces a newer one.
 */
export class Store<T> {
  readonly #options: StoreOptions<T>;
  readonly #entries = new Map<string, Entry<T>>();
  readonly #groups = new Map<string, Map<string, T>>();
  /** Newest version the watch has delivered; what it has passed by is not news. */
  #seen = 0n;

  constructor(options: StoreOptions<T>) {
    this.#options = options;
  }

  group(group: string): T[] {
    return [...(this.#groups.get(group)?.values() ?? [])];
  }
  groups(): string[] {
    return [...this.#groups.keys()];
  }
  get size(): number {
    return this.#entries.size;
  }

  /** What is to be kept of an object of a list. Each is projected as it comes: all of them, raw, would take ten times the memory. */
  project(object: KubeObject): Projected<T> {
    return this.#projected(object);
  }

  /** Makes the store equal to a complete list; what was written after it was made stays. */
  replace(list: ReadonlyMap<string, Projected<T>>, version: string): void {
    const listed = BigInt(version);
    // The server's data was restored from an older copy: what is held is not newer, it never was.
    const isRestored = listed < this.#seen;
    for (const [key, entry] of [...this.#entries])
      if (isRestored || (!list.has(key) && entry.version <= listed)) this.#remove(key);
    for (const kept of list.values()) this.#set(kept);
    this.#seen = listed;
  }

  /** An event of the watch. */
  event(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubeObject): void {
    if (type === 'DELETED') this.#remove(keyOf(object));
    else this.#set(this.#projected(object));
    this.progress(object.metadata.resourceVersion ?? '0');
  }

  progress(version: string): void {
    this.#seen = BigInt(version);
  }

  /** An answer to a write of our own, ahead of the watch. */
  written(object: KubeObject): void {
    if (versionOf(object) > this.#seen) this.#set(this.#projected(object));
  }

  #projected(object: KubeObject): Projected<T> {
    const { group: groupOf, project, onUnreadable } = this.#options;
    const found = { key: keyOf(object), version: versionOf(object) };
    try {
      const group = groupOf(object);
      return { ...found, of: group === undefined ? undefined : { group, value: project(object) }, isReadable: true };
    } catch (error) {
      onUnreadable?.(object, error);
      return { ...found, of: undefined, isReadable: false };
    }
  }

  #set({ key, version, of, isReadable }: Projected<T>): void {
    if (!isReadable) return;
    const entry = this.#entries.get(key);
    if (entry && entry.version >= version) return;
    if (entry && entry.group !== of?.group) this.#remove(key);
    if (!of) return;
    const { group, value } = of;
    const { same, onChange } = this.#options;
    this.#entries.set(key, { version, group, value });
    const members = this.#groups.get(group);
    if (members) members.set(key, value);
    else this.#groups.set(group, new Map([[key, value]]));
    if (!(entry?.group === group && same?.(entry.value, value))) onChange(group);
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    const members = this.#groups.get(entry.group);
    members?.delete(key);
    if (members?.size === 0) this.#groups.delete(entry.group);
    this.#options.onChange(entry.group);
  }
}
