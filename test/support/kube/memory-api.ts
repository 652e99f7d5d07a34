import type { KubeObject } from '../../../operator/api/kube-object.ts';
import { ApiError } from '../../../operator/kube/api-error.ts';
import { KubeClient } from '../../../operator/kube/client.ts';
import { accessOf } from '../../../operator/kube/http.ts';
import { type Resource, resourceOf } from '../../../operator/kube/resources.ts';
import { keyOf } from '../../../operator/kube/store.ts';

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
type Tell = (type: EventType, object: object) => void;

/** An address without a listener: every request is answered in memory. */
const NOWHERE = JSON.stringify({
  'current-context': 'test',
  contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  clusters: [{ name: 'test', cluster: { server: 'http://127.0.0.1:1' } }],
  users: [{ name: 'test', user: { token: 'secret-token' } }],
});

/**
 * An API server that keeps what is written as it is and tells the watches: no defaults, no validation, no controllers. It
 * holds nothing of an object that is removed.
 */
export class MemoryApi extends KubeClient {
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  readonly #watches = new Map<string, Set<Tell>>();
  /** Kinds whose writes are refused. */
  readonly refused = new Set<string>();
  #version = 0;

  constructor() {
    super(accessOf(NOWHERE), { fieldManager: 'test', now: () => 0 });
  }

  /** All objects of a kind. */
  all(kind: string): KubeObject[] {
    return [...this.#of(kind).values()];
  }

  /** Makes or changes an object as somebody else would. */
  put(object: KubeObject): KubeObject {
    const { kind } = object;
    const held = this.#of(kind).get(keyOf(object));
    const uid = held?.metadata.uid ?? object.metadata.uid ?? `uid-${++this.#version}`;
    const metadata = { ...object.metadata, uid, resourceVersion: `${++this.#version}` };
    const kept = { ...object, metadata };
    this.#of(kind).set(keyOf(kept), kept);
    for (const tell of this.#watches.get(kind) ?? []) tell(held ? 'MODIFIED' : 'ADDED', kept);
    return kept;
  }

  /** Removes an object that is there. */
  remove(object: KubeObject): void {
    const { kind } = object;
    if (!this.#of(kind).delete(keyOf(object))) return;
    const gone = { ...object, metadata: { ...object.metadata, resourceVersion: `${++this.#version}` } };
    for (const tell of this.#watches.get(kind) ?? []) tell('DELETED', gone);
  }

  override async get<T>({ kind }: Resource, namespace: string, name: string): Promise<T> {
    return this.#found(kind, namespace, name) as T;
  }

  override async apply<T extends KubeObject>(object: T, subresource?: string): Promise<KubeObject> {
    const held = this.#of(object.kind).get(keyOf(object));
    if (subresource === undefined) return this.#write({ ...held, ...object });
    if (!held) throw new ApiError(404, 'NotFound', 'it is gone');
    return this.#write({ ...held, ...{ [subresource]: (object as unknown as Record<string, unknown>)[subresource] } });
  }

  override async create(_: Resource, object: KubeObject): Promise<KubeObject> {
    return this.#write(object);
  }

  override async patch({ kind }: Resource, namespace: string, name: string, patch: object): Promise<KubeObject> {
    return this.#write(merged(this.#found(kind, namespace, name), patch) as KubeObject);
  }

  override async delete(object: KubeObject): Promise<void> {
    this.remove(object);
  }

  override async open(
    verb: 'list' | 'watch',
    resource: Resource,
    _namespace: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array>> {
    if (verb === 'list') throw new ApiError(422, 'Invalid', 'it streams its lists');
    const told = this.#told(resource.kind);
    const encoder = new TextEncoder();
    return new ReadableStream({
      start: controller => {
        const tell: Tell = (type, object) =>
          controller.enqueue(encoder.encode(`${JSON.stringify({ type, object })}\n`));
        signal.addEventListener('abort', () => {
          told.delete(tell);
          controller.error(signal.reason);
        });
        if (query['sendInitialEvents']) for (const object of this.all(resource.kind)) tell('ADDED', object);
        const annotations = { 'k8s.io/initial-events-end': 'true' };
        tell('BOOKMARK', { metadata: { resourceVersion: `${this.#version}`, annotations } });
        told.add(tell);
      },
    });
  }

  #of(kind: string): Map<string, KubeObject> {
    const held = this.#objects.get(kind) ?? new Map<string, KubeObject>();
    this.#objects.set(kind, held);
    return held;
  }

  #told(kind: string): Set<Tell> {
    const held = this.#watches.get(kind) ?? new Set<Tell>();
    this.#watches.set(kind, held);
    return held;
  }

  #found(kind: string, namespace: string, name: string): KubeObject {
    const found = this.#of(kind).get(keyOf({ apiVersion: '', kind, metadata: { name, namespace } }));
    if (!found) throw new ApiError(404, 'NotFound', `no ${kind} ${name}`);
    return found;
  }

  #write(object: KubeObject): KubeObject {
    if (this.refused.has(object.kind))
      throw new ApiError(403, 'Forbidden', `${resourceOf(object.kind).plural} is forbidden`);
    return this.put(object);
  }
}

/** A JSON merge patch (RFC 7386); a JSON patch is taken for one that changes nothing. */
function merged(value: unknown, patch: unknown): unknown {
  if (Array.isArray(patch) && typeof value === 'object') return value;
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const fields = new Map(Object.entries(typeof value === 'object' && value !== null ? value : {}));
  for (const [name, part] of Object.entries(patch)) {
    if (part === null) fields.delete(name);
    else fields.set(name, merged(fields.get(name), part));
  }
  return Object.fromEntries(fields);
}
