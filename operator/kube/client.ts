import { HttpMethod, IsomorphicFetchHttpLibrary, KubeConfig, RequestContext } from '@kubernetes/client-node';
import type { KubeObject } from '../api/kube-object.ts';
import { apiError } from './api-error.ts';
import { pathOf, type Resource, resourceOf } from './resources.ts';

type Verb = 'get' | 'list' | 'watch' | 'apply' | 'patch' | 'create' | 'delete';
const METHOD: Record<Verb, HttpMethod> = {
  get: HttpMethod.GET,
  list: HttpMethod.GET,
  watch: HttpMethod.GET,
  apply: HttpMethod.PATCH,
  patch: HttpMethod.PATCH,
  create: HttpMethod.POST,
  delete: HttpMethod.DELETE,
};
const REQUEST_TIMEOUT_MS = 15_000;
const CREDENTIALS_MS = 60_000;

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

interface Credentials {
  readonly headers: Record<string, string>;
  readonly dispatcher: ReturnType<RequestContext['getDispatcher']>;
  readonly readAt: number;
}

interface Request {
  readonly verb: Verb;
  readonly kind: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

/**
 * The Kubernetes API as raw JSON. One connection pool serves all calls: the library's own clients open a TLS connection
 * for each. Failures are {@link ApiError} when the server answered, else the network's error.
 */
export class KubeClient {
  readonly #config: KubeConfig;
  readonly #options: KubeClientOptions;
  readonly #http = new IsomorphicFetchHttpLibrary();
  #credentials: Credentials | undefined;

  constructor(config: KubeConfig, options: KubeClientOptions) {
    this.#config = config;
    this.#options = options;
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
    const answer = await this.#send({
      verb: 'watch',
      kind: resource.kind,
      path,
      query: { ...query, watch: 'true' },
      signal,
    });
    const stream = answer.body.stream();
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
      query: { fieldManager: this.#options.fieldManager, force: 'true' },
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
      query: { fieldManager: this.#options.fieldManager },
      contentType: Array.isArray(patch) ? 'application/json-patch+json' : 'application/merge-patch+json',
      body: patch,
    });
  }

  async create(resource: Resource, object: KubeObject): Promise<KubeObject> {
    return await this.#json({
      verb: 'create',
      kind: resource.kind,
      path: pathOf(resource, object.metadata.namespace ?? ''),
      query: { fieldManager: this.#options.fieldManager },
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
    const answer = await this.#send({ ...request, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    return JSON.parse(await answer.body.text()) as T;
  }

  async #send(request: Request): ReturnType<KubeClient['attempt']> {
    const answer = await this.attempt(request);
    if (answer.httpStatusCode === 401) {
      // The token or certificate has been renewed on disk.
      await answer.body.text();
      this.#credentials = undefined;
      return await this.#checked(request, await this.attempt(request));
    }
    return await this.#checked(request, answer);
  }

  async #checked<A extends Awaited<ReturnType<KubeClient['attempt']>>>(request: Request, answer: A): Promise<A> {
    this.#options.onRequest?.(request.verb, request.kind, answer.httpStatusCode);
    if (answer.httpStatusCode >= 400) throw apiError(answer.httpStatusCode, await answer.body.text());
    return answer;
  }

  /** One request, whatever the answer. */
  private async attempt(request: Request) {
    const server = this.#config.getCurrentCluster()?.server;
    if (!server) throw new Error('the kubeconfig names no cluster');
    const query = new URLSearchParams(request.query).toString();
    const context = new RequestContext(
      `${server.replace(/\/$/, '')}${request.path}${query === '' ? '' : `?${query}`}`,
      METHOD[request.verb],
    );
    const { headers, dispatcher } = await this.#credentialsNow();
    for (const [name, value] of Object.entries(headers)) context.setHeaderParam(name, value);
    context.setHeaderParam('accept', 'application/json');
    if (request.contentType) context.setHeaderParam('content-type', request.contentType);
    if (request.body !== undefined) context.setBody(JSON.stringify(request.body));
    if (request.signal) context.setSignal(request.signal);
    if (dispatcher) context.setDispatcher(dispatcher);
    try {
      return await this.#http.send(context).toPromise();
    } catch (error) {
      this.#options.onRequest?.(request.verb, request.kind, 0);
      throw error;
    }
  }

  async #credentialsNow(): Promise<Credentials> {
    const held = this.#credentials;
    if (held && this.#options.now() - held.readAt < CREDENTIALS_MS) return held;
    const probe = new RequestContext('https://unused/', HttpMethod.GET);
    await this.#config.applySecurityAuthentication(probe);
    const dispatcher = held?.dispatcher ?? probe.getDispatcher();
    this.#credentials = { headers: probe.getHeaders(), dispatcher, readAt: this.#options.now() };
    return this.#credentials;
  }
}

/** Where the API server is and who we are. */
export type KubeAccess = KubeConfig;

/** From KUBECONFIG or `~/.kube/config`, else the pod's service account. */
export function defaultAccess(): KubeAccess {
  const config = new KubeConfig();
  config.loadFromDefault();
  return config;
}

/** From the text of a kubeconfig. */
export function accessOf(kubeconfig: string): KubeAccess {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  return config;
}
