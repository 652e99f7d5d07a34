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

/** A list, or one page of it. */
export interface Page<T> {
  readonly metadata: ListMeta;
  readonly items: readonly T[];
}

export interface KubeClientOptions {
  /** Name of the writer in `managedFields`. */
  readonly fieldManager: string;
  /** Milliseconds that never run backwards. */
  readonly now: () => number;
  /** Called after every request. @param code HTTP status, 0 without an answer */
  readonly onRequest?: (verb: Verb, kind: string, code: number) => void;
  /**
   * Called right before every write is sent, also when it is sent again, so that no caller can forget to ask.
   * @returns milliseconds after which the write is given up if there is no answer
   * @throws to keep the write from being sent; the method that writes rejects with it
   */
  readonly beforeWrite?: () => number;
  /** Time-out of a request for one object, and of {@link KubeClient.list}, in milliseconds; default 15,000. */
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
 * Client of the Kubernetes API that passes JSON on as it is, so that no field is lost. It does not retry, except once after
 * 401 with credentials read anew, and it keeps no order between calls made at the same time.
 *
 * Every method rejects with {@link ApiError} when the server answered with an error, with a `TimeoutError` or `AbortError`
 * after {@link KubeClientOptions.timeoutMs}, else with the error of the network. A write whose answer did not come may have
 * been carried out.
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

  /** Reads one object. @throws {ApiError} 404 when it does not exist */
  async get<T>(resource: Resource, namespace: string, name: string): Promise<T> {
    return await this.#json({ verb: 'get', kind: resource.kind, path: pathOf(resource, namespace, name) });
  }

  /** Lists objects and holds all of them in memory. For kinds with many objects use {@link KubeClient.open}. */
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
   * Opens a list or a watch.
   * @returns the body, as soon as the server accepts the request: a list for `readList`, or lines of JSON. It ends when the
   * server ends it, and rejects when `signal` aborts; nothing else limits its time, so the caller must.
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
   * Server-side apply, forced: creates or updates the object and takes over fields that others changed. With a
   * `resourceVersion` in its metadata, only the object of that version is updated.
   * @param subresource such as `status`
   * @returns the object as stored
   * @throws {ApiError} 409 when the object has another version, or another uid than the given one
   */
  async apply<T extends KubeObject>(object: T, subresource?: string): Promise<KubeObject> {
    const { namespace = '', name } = object.metadata;
    return await this.#json({
      verb: 'apply',
      kind: object.kind,
      path: pathOf(resourceOf(object.kind), namespace, name, ...(subresource ? [subresource] : [])),
      query: { fieldManager: this.#fieldManager, force: 'true' },
      // JSON is valid YAML.
      contentType: 'application/apply-patch+yaml',
      body: object,
    });
  }

  /**
   * Patches an object. A merge patch with `metadata.uid` or `metadata.resourceVersion` changes only the object that has
   * them.
   * @param patch an array for a JSON patch, an object for a merge patch
   * @returns the object as stored
   * @throws {ApiError} 409 when the object has another uid or version; 404 when it does not exist
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

  /** Creates an object. @throws {ApiError} 409 when it exists */
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

  /**
   * Replaces the whole object. @throws {ApiError} 409 when its version is not `metadata.resourceVersion`; 404 when it does
   * not exist
   */
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

  /**
   * Deletes the object with exactly this uid, and its dependents in the background. It resolves before they are gone.
   * @throws {ApiError} 409 when the name now belongs to a newer object; 404 when it does not exist
   */
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
