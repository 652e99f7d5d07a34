import type { KubeObject } from '../api/kube-object.ts';
import { apiError } from './api-error.ts';
import { type HttpAnswer, type HttpRequest, type KubeAccess, KubeHttp } from './http.ts';
import { type ListMeta, readList } from './json-list.ts';
import { pathOf, type Resource, resourceOf } from './resources.ts';

type Verb = 'get' | 'list' | 'watch' | 'apply' | 'patch' | 'create' | 'update' | 'delete';
const METHOD: Record<Verb, HttpRequest['method']> = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  apply: 'PATCH',
  patch: 'PATCH',
  create: 'POST',
  update: 'PUT',
  delete: 'DELETE',
};
const READS: ReadonlySet<Verb> = new Set<Verb>(['get', 'list', 'watch']);
const TIMEOUT_MS = 15_000;

/** Objects of a list, the whole or a part of it. */
export interface Page<T> {
  readonly metadata: ListMeta;
  readonly items: readonly T[];
}

export interface KubeClientOptions {
  /** Name of the writer in `managedFields`. */
  readonly fieldManager: string;
  /** Milliseconds that never run backwards. */
  readonly now: () => number;
  /** Told of every answer. @param code HTTP status, 0 when none came */
  readonly onRequest?: (verb: Verb, kind: string, code: number) => void;
  /**
   * Asked right before every write is sent, so that no caller can forget it.
   * @returns milliseconds after which the write is given up if there is no answer
   * @throws to keep the write from being sent
   */
  readonly beforeWrite?: () => number;
  /** Milliseconds after which a request for one object is given up, default 15,000. */
  readonly timeoutMs?: number;
}

interface Request {
  readonly verb: Verb;
  readonly kind: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly contentType?: string;
}

/**
 * The Kubernetes API as raw JSON, so that no field is lost. Failures are `ApiError` when the server answered, else
 * the network's error.
 */
export class KubeClient {
  readonly #http: KubeHttp;
  readonly #fieldManager: string;
  readonly #onRequest: KubeClientOptions['onRequest'];
  readonly #beforeWrite: KubeClientOptions['beforeWrite'];
  readonly #timeoutMs: number;

  constructor(access: KubeAccess, options: KubeClientOptions) {
    this.#http = new KubeHttp(access, options.now);
    this.#fieldManager = options.fieldManager;
    this.#onRequest = options.onRequest;
    this.#beforeWrite = options.beforeWrite;
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  }

  async get<T>(resource: Resource, namespace: string, name: string): Promise<T> {
    return await this.#json({ verb: 'get', kind: resource.kind, path: pathOf(resource, namespace, name) });
  }

  /** Some objects, all in memory at once. For many there is {@link KubeClient.open}. */
  async list<T>(resource: Resource, namespace: string, query: Readonly<Record<string, string>>): Promise<Page<T>> {
    const items: T[] = [];
    const stream = await this.open('list', resource, namespace, query, AbortSignal.timeout(this.#timeoutMs));
    const metadata = await readList<T>(
      stream,
      item => items.push(item),
      () => {},
    );
    return { metadata, items };
  }

  /**
   * Resolves with what the server sends once it has accepted the list or watch: a list to be read with `readList`, or lines
   * of JSON. It ends with the server or with `signal`; nothing else limits its time.
   */
  async open(
    verb: 'list' | 'watch',
    resource: Resource,
    namespace: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array>> {
    const watch = verb === 'watch' ? { watch: 'true' } : {};
    const request = { verb, kind: resource.kind, path: pathOf(resource, namespace), query: { ...query, ...watch } };
    const stream = (await this.#send(request, { signal })).stream();
    if (!stream) throw new Error(`the ${verb} has no body`);
    return stream;
  }

  /**
   * Server-side apply: creates or updates, takes over fields that others changed. With a `resourceVersion` in its metadata
   * only the object of that version is updated.
   * @param subresource such as `status`
   * @throws {ApiError} 409 when the object has another version, or another uid than the given one
   */
  async apply<T extends KubeObject>(object: T, subresource?: string): Promise<KubeObject> {
    const { namespace = '', name } = object.metadata;
    return await this.#json({
      verb: 'apply',
      kind: object.kind,
      path: pathOf(resourceOf(object.kind), namespace, name, ...(subresource ? [subresource] : [])),
      query: { fieldManager: this.#fieldManager, force: 'true' },
      // JSON is YAML.
      contentType: 'application/apply-patch+yaml',
      body: object,
    });
  }

  /**
   * JSON patch (an array) or merge patch (an object). A merge patch with `metadata.uid` or `metadata.resourceVersion`
   * changes only the object that has them.
   * @throws {ApiError} 409 when the object has others
   */
  async patch(resource: Resource, namespace: string, name: string, patch: object): Promise<KubeObject> {
    return await this.#json({
      verb: 'patch',
      kind: resource.kind,
      path: pathOf(resource, namespace, name),
      query: { fieldManager: this.#fieldManager },
      contentType: Array.isArray(patch) ? 'application/json-patch+json' : 'application/merge-patch+json',
      body: patch,
    });
  }

  async create(resource: Resource, object: KubeObject): Promise<KubeObject> {
    return await this.#json({
      verb: 'create',
      kind: resource.kind,
      path: pathOf(resource, object.metadata.namespace ?? ''),
      query: { fieldManager: this.#fieldManager },
      contentType: 'application/json',
      body: object,
    });
  }

  /** Replaces the whole object. @throws {ApiError} 409 when it is of another version than `metadata.resourceVersion` */
  async update(resource: Resource, object: KubeObject): Promise<KubeObject> {
    return await this.#json({
      verb: 'update',
      kind: resource.kind,
      path: pathOf(resource, object.metadata.namespace ?? '', object.metadata.name),
      query: { fieldManager: this.#fieldManager },
      contentType: 'application/json',
      body: object,
    });
  }

  /** Deletes exactly this object: not one of the same name that was made since. */
  async delete(object: KubeObject): Promise<void> {
    const { namespace = '', name, uid } = object.metadata;
    await this.#json({
      verb: 'delete',
      kind: object.kind,
      path: pathOf(resourceOf(object.kind), namespace, name),
      contentType: 'application/json',
      body: { preconditions: { uid }, propagationPolicy: 'Background' },
    });
  }

  async #json<T>(request: Request): Promise<T> {
    const beforeWrite = READS.has(request.verb) ? undefined : this.#beforeWrite;
    const signal = AbortSignal.timeout(Math.floor(Math.min(this.#timeoutMs, beforeWrite?.() ?? this.#timeoutMs)));
    const answer = await this.#send(request, { signal, ...(beforeWrite ? { beforeSend: beforeWrite } : {}) });
    return JSON.parse(await answer.text()) as T;
  }

  async #send(
    { verb, kind, path, query, body, contentType }: Request,
    sending: Pick<HttpRequest, 'signal' | 'beforeSend'>,
  ): Promise<HttpAnswer> {
    const search = new URLSearchParams(query).toString();
    let answer: HttpAnswer | undefined;
    try {
      answer = await this.#http.send({
        method: METHOD[verb],
        path: search === '' ? path : `${path}?${search}`,
        ...(contentType === undefined ? {} : { contentType }),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...sending,
      });
    } finally {
      this.#onRequest?.(verb, kind, answer?.status ?? 0);
    }
    if (answer.status >= 400) throw apiError(answer.status, await answer.text(), answer.retryAfter);
    return answer;
  }
}
