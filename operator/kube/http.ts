import { OPERATOR_VERSION } from '../process/version.ts';
import { HttpMethod, IsomorphicFetchHttpLibrary, KubeConfig, RequestContext } from './library.ts';

/** Address of the API server and the credentials for it. */
export type KubeAccess = KubeConfig;

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path with the query. */
  readonly path: string;
  readonly contentType?: string;
  readonly body?: string;
  readonly signal: AbortSignal;
  /** Called right before the request is sent, each time it is. @throws to keep the request from being sent */
  readonly beforeSend?: () => void;
}

export interface HttpAnswer {
  readonly status: number;
  /** Value of the header `Retry-After`; empty without one. */
  readonly retryAfter: string;
  text(): Promise<string>;
  stream(): ReadableStream<Uint8Array> | null;
}

interface Credentials {
  readonly headers: Record<string, string>;
  readonly dispatcher: ReturnType<RequestContext['getDispatcher']>;
  readonly readAt: number;
}

/** Time after which credentials are read again, besides when the server refuses them: the kubelet renews tokens on disk. */
const CREDENTIALS_MS = 60_000;

/** User agent, by which an administrator finds the operator in audit logs and flow schemas. */
const USER_AGENT = `chatcluster-operator/${OPERATOR_VERSION} (${process.platform}/${process.arch}) node/${process.versions.node}`;

/**
 * Sends requests with the credentials of a kubeconfig over one connection pool. The library's own clients open a TLS
 * connection for each request.
 */
export class KubeHttp {
  readonly #access: KubeAccess;
  readonly #now: () => number;
  readonly #http = new IsomorphicFetchHttpLibrary();
  #credentials: Credentials | undefined;

  /** @param now milliseconds that never run backwards */
  constructor(access: KubeAccess, now: () => number) {
    this.#access = access;
    this.#now = now;
  }

  /**
   * Sends one request, and once more with fresh credentials after 401. Resolves for every status, also for an error;
   * rejects when there is no answer.
   */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    const answer = await this.#attempt(request);
    if (answer.status !== 401) return answer;
    await answer.text();
    this.#credentials = undefined;
    return await this.#attempt(request);
  }

  async #attempt({ method, path, contentType, body, signal, beforeSend }: HttpRequest): Promise<HttpAnswer> {
    const server = this.#access.getCurrentCluster()?.server;
    if (!server) throw new Error('the kubeconfig names no cluster');
    const context = new RequestContext(server.replace(/\/$/, '') + path, HttpMethod[method]);
    const { headers, dispatcher } = await this.#currentCredentials();
    for (const [name, value] of Object.entries(headers)) context.setHeaderParam(name, value);
    context.setHeaderParam('accept', 'application/json');
    context.setHeaderParam('user-agent', USER_AGENT);
    if (contentType !== undefined) context.setHeaderParam('content-type', contentType);
    if (body !== undefined) context.setBody(body);
    if (dispatcher) context.setDispatcher(dispatcher);
    context.setSignal(signal);
    beforeSend?.();
    const answer = await this.#http.send(context).toPromise();
    return {
      status: answer.httpStatusCode,
      retryAfter: answer.headers['retry-after'] ?? '',
      text: () => answer.body.text(),
      stream: () => answer.body.stream(),
    };
  }

  async #currentCredentials(): Promise<Credentials> {
    const known = this.#credentials;
    if (known && this.#now() - known.readAt < CREDENTIALS_MS) return known;
    const filled = new RequestContext('https://unused/', HttpMethod.GET);
    await this.#access.applySecurityAuthentication(filled);
    const dispatcher = known?.dispatcher ?? filled.getDispatcher();
    this.#credentials = { headers: filled.getHeaders(), dispatcher, readAt: this.#now() };
    return this.#credentials;
  }
}

/** Access from KUBECONFIG or `~/.kube/config`, else from the pod's service account. */
export function defaultAccess(): KubeAccess {
  const config = new KubeConfig();
  config.loadFromDefault();
  return config;
}

/** Access from the text of a kubeconfig. */
export function accessOf(kubeconfig: string): KubeAccess {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  return config;
}
