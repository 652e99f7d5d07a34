import type { KubeObject } from '../api/kube-object.ts';

interface Entry<T> {
  readonly version: bigint;
  readonly group: string;
  readonly value: T;
}

/** Projection of an object that is not in the store yet. */
export interface Projected<T> {
  readonly key: string;
  readonly version: bigint;
  /** Group and value; undefined for an object that is not kept, or that could not be read. */
  readonly of: { readonly group: string; readonly value: T } | undefined;
  readonly isReadable: boolean;
}

/** Key of an object: `namespace/name`, or the name alone for a kind without namespaces. */
export function keyOf({ metadata }: KubeObject): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}

function versionOf(object: KubeObject): bigint {
  return BigInt(object.metadata.resourceVersion ?? '0');
}

export interface StoreOptions<T> {
  /** Makes the value that is kept of an object. */
  readonly project: (raw: KubeObject) => T;
  /** Key of the group an object belongs to, normally a ChatCluster; undefined for an object that is not kept. */
  readonly group: (raw: KubeObject) => string | undefined;
  /** Called for a group after one of its objects was added, changed or removed. It must not throw. */
  readonly onChange: (group: string) => void;
  /** Called when `project` or `group` throws for a version of an object. The version before stays in the store. */
  readonly onUnreadable?: (raw: KubeObject, error: unknown) => void;
  /**
   * True if two values of an object are alike: then its new version is no change. Without it every new version is a change.
   */
  readonly same?: (before: T, after: T) => boolean;
}

/**
 * The known objects of one kind, by group. Resource versions of one kind are ordered numbers (guaranteed by Kubernetes
 * since 1.35), so an older view never replaces a newer one.
 */
export class Store<T> {
  readonly #options: StoreOptions<T>;
  readonly #entries = new Map<string, Entry<T>>();
  readonly #groups = new Map<string, Map<string, T>>();
  /** Newest version that the watch has delivered. A write with an older version is known already. */
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

  /** Projects an object of a list as it arrives: all of them as JSON would take ten times the memory. */
  project(object: KubeObject): Projected<T> {
    return this.#projected(object);
  }

  /** Makes the store equal to a complete list. Objects written after the list was made stay. */
  replace(list: ReadonlyMap<string, Projected<T>>, version: string): void {
    const listed = BigInt(version);
    // The server's data was restored from a backup: objects with higher versions no longer exist.
    const isRestored = listed < this.#seen;
    for (const [key, entry] of [...this.#entries])
      if (isRestored || (!list.has(key) && entry.version <= listed)) this.#remove(key);
    for (const kept of list.values()) this.#set(kept);
    this.#seen = listed;
  }

  /** Takes an event of the watch. */
  event(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubeObject): void {
    if (type === 'DELETED') this.#remove(keyOf(object));
    else this.#set(this.#projected(object));
    this.progress(object.metadata.resourceVersion ?? '0');
  }

  /** Advances the version that the watch has reached, after a bookmark. */
  progress(version: string): void {
    this.#seen = BigInt(version);
  }

  /** Takes the answer to a write by this operator, ahead of the watch. */
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
