import type { KubeObject } from '../api/kube-object.ts';
import { apiError } from './api-error.ts';
import { type HttpAnswer, type HttpRequest, type KubeAccess, KubeHttp } from './http.ts';
import { pathOf, type Resource, resourceOf } from './resources.ts';

type Verb = 'get' | 'list' | 'watch' | 'apply' | 'patch' | 'create' | 'delete';
const METHOD: Record<Verb, HttpRequest['method']> = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  apply: 'PATCH',
  patch: 'PATCH',
  create: 'POST',
  delete: 'DELETE',
};
const REQUEST_TIMEOUT_MS = 15_000;

export interface Page<T> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly T[];
}

export interface KubeClientOptions {
  /** Name of the writer in `managedFields`. */
  readonly fieldManager: string;
  /** Milliseconds that never run backwards. */
  readonly now: () => number;
  /** Told of every answer. @param code HTTP status, 0 when none came */
  readonly onRequest?: (verb: Verb, kind: string, code: number) => void;
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
 * the network's error; each request but a watch ends after 15 s.
 */
export class KubeClient {
  readonly #http: KubeHttp;
  readonly #fieldManager: string;
  readonly #onRequest: KubeClientOptions['onRequest'];

  constructor(access: KubeAccess, { fieldManager, now, onRequest }: KubeClientOptions) {
    this.#http = new KubeHttp(access, now);
    this.#fieldManager = fieldManager;
    this.#onRequest = onRequest;
  }

  async get<T>(resource: Resource, namespace: string, name: string): Promise<T> {
    return await this.#json({ verb: 'get', kind: resource.kind, path: pathOf(resource, namespace, name) });
  }

  async list<T>(resource: Resource, namespace: string, query: Readonly<Record<string, string>>): Promise<Page<T>> {
    return await this.#json({ verb: 'list', kind: resource.kind, path: pathOf(resource, namespace), query });
  }

  /** Resolves with the stream once the server has accepted the watch; it ends with the server or with `signal`. */
  async watch(
    resource: Resource,
    namespace: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array>> {
    const path = pathOf(resource, namespace);
    const request = { verb: 'watch', kind: resource.kind, path, query: { ...query, watch: 'true' } } as const;
    const stream = (await this.#send(request, signal)).stream();
    if (!stream) throw new Error('the watch has no body');
    return stream;
  }

  /** Server-side apply: creates or updates, takes over fields that others changed. @param subresource such as `status` */
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

  /** JSON patch (an array) or merge patch (an object). */
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
    const answer = await this.#send(request, AbortSignal.timeout(REQUEST_TIMEOUT_MS));
    return JSON.parse(await answer.text()) as T;
  }

  async #send({ verb, kind, path, query, body, contentType }: Request, signal: AbortSignal): Promise<HttpAnswer> {
    const search = new URLSearchParams(query).toString();
    let answer: HttpAnswer | undefined;
    try {
      answer = await this.#http.send({
        method: METHOD[verb],
        path: search === '' ? path : `${path}?${search}`,
        ...(contentType === undefined ? {} : { contentType }),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal,
      });
    } finally {
      this.#onRequest?.(verb, kind, answer?.status ?? 0);
    }
    if (answer.status >= 400) throw apiError(answer.status, await answer.text());
    return answer;
  }
}
